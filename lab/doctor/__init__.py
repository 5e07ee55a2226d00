"""The doctor: what would go wrong on this machine (limits, packages, browsers), and how to fix it."""
