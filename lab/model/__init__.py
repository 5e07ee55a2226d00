"""Frozen values that the folders of lab/ hand to each other. They import only each other, the standard library and msgspec."""
