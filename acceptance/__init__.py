"""Promises of this mesh alone, proven in the running stack: who may speak to the control plane, what listens, what the
webhooks say, what a sidecar is made of. What any mesh with this API promises is proven by conformance/.
"""
