"""Istio's API: typed structs, decoding, validation and the CRDs derived from them. Needs msgspec and nothing else."""
