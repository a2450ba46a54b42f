"""A neutral suite that judges any mesh with Istio's API by what goes over the wire.

It sees a Kubernetes cluster, the gateway's address and the features a mesh declares; it imports nothing of any mesh.
A test is a feature, a manifest beside it, and a function. Waits stand in one table (timeouts.py), convergence is
several successes in a row (convergence.py), splits are judged by an exact test with stated error rates
(statistics.py). `python -m pytest conformance --help` lists the options, all named --mesh-….
"""
