"""One file, one component."""
