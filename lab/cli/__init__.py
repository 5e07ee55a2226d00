"""The commands, and what they print. Each asks the rest of the lab to do the work, and says what came of it."""
