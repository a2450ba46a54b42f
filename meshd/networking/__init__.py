"""(snapshot, proxy) -> Envoy resources: listeners, routes, clusters, endpoints. Pure; the only maker of Envoy protos."""
