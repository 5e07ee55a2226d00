"""Stage 1: the question. A scenario has a question, claims with their sources, and steps; its cells are selected here too."""
