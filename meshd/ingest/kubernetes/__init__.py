"""Kubernetes' own kinds, a module each: a struct of just the fields that are needed, and its translation."""
