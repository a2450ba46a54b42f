"""Proxies without tokens, on loopback, for benchmarks and for looking at what a proxy would get."""

from meshd.model.service import Proxy, Workload
from meshd.model.store import Store
from meshd.model.tables import WORKLOADS
from meshd.xds.authentication import parse_node_id


class BelieveNodeId:
    """Admits anyone as the pod that the node id names; one that is not in the store is made up."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def identify(self, authorization: str) -> None:
        """Nobody has to prove anything."""

    async def admit(self, identity: None, node_id: str) -> Proxy:
        node = parse_node_id(node_id)
        known = self._store.get(WORKLOADS, node.key)
        made_up = Workload(
            namespace=node.namespace,
            name=node.pod,
            uid=node.key,
            ip=node.ip,
            labels=(),
            service_account="default",
            workload_name=node.pod,
            in_mesh=True,
        )
        return Proxy(node_id, node.kind, known or made_up)
