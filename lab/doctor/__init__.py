"""What would go wrong on this machine: its limits, the installed packages, the browsers; and how to fix it."""
