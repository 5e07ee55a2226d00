"""Readers of the browsers' own network logs: one file for each kind of log."""
