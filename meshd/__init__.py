"""The control plane: Istio's API and Kubernetes' objects in, Envoy configuration out."""
