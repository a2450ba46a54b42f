"""(snapshot, proxy) -> Envoy resources. Pure, and the only maker of Envoy protos beside xds."""
