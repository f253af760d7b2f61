"""Same story or not; merging; what changed. Pure functions over an index of recent stories."""
