"""Values that cross rooms. Frozen; they know each other, the standard library and msgspec, nothing else."""
