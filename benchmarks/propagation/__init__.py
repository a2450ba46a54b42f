"""How fast a change reaches the proxies: meshd and istiod side by side, on one API server, in one run.

API write -> etcd + kube-apiserver -> control plane (a process of its own) -> delta ADS -> many proxies in this process

Everything runs on loopback and is ended with the benchmark.
"""
