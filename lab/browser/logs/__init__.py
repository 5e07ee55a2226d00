"""Readers of the browsers' own network logs, one file a log."""
