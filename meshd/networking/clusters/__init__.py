"""Envoy clusters: one for each service port and subset (outbound), one for each port of a workload (inbound)."""
