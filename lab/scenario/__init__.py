"""Stage 1: the question. A scenario has a question, claims with their sources, and a few steps; its cells are chosen here."""
