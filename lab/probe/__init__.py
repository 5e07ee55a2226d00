"""A user's own app, and what the user recorded of it."""
