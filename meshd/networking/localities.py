"""Where workloads run: as their label says, else their node.

https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/before-you-begin/
"""

from meshd.model.labels import Labels, label
from meshd.model.locality import LOCALITY_LABEL, NOWHERE, Locality, locality_of
from meshd.model.memo import Reader
from meshd.model.tables import NODES


def workload_locality(read: Reader, labels: Labels, node: str) -> Locality:
    said = locality_of(label(labels, LOCALITY_LABEL), ".")
    return said or (read.get(NODES, node) if node else None) or NOWHERE
