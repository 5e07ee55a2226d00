"""Stage 1: the question. A scenario has a question, claims with sources, and steps. This folder also selects its cells."""
