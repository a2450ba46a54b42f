"""Which Telemetry objects act on a workload."""

from meshd.model.labels import Labels
from meshd.model.memo import Reader
from meshd.model.reference import oldest_first
from meshd.model.tables import TELEMETRIES
from meshd.model.target import applies_to, is_for_all
from meshd.model.telemetry import Telemetry
from meshd.networking.lookup import mesh_config


def telemetries_of(read: Reader, namespace: str, labels: Labels) -> tuple[str, ...]:
    """Keys of the mesh's, the namespace's and the workload's own, of each the oldest.

    https://istio.io/latest/docs/reference/config/telemetry/#Telemetry
    """
    root = read.query(mesh_config).root_namespace
    own = oldest_first(read.find(TELEMETRIES, "namespace", namespace))
    mesh = own if namespace == root else oldest_first(read.find(TELEMETRIES, "namespace", root))
    of_mesh = [t for t in mesh if is_for_all(t)]
    of_namespace = [] if namespace == root else [t for t in own if is_for_all(t)]
    of_workload = [t for t in own if not is_for_all(t) and applies_to(t, namespace, labels)]
    return tuple(t.ref.key for found in (of_mesh, of_namespace, of_workload) for t in found[:1])


def read_telemetries(read: Reader, keys: tuple[str, ...]) -> tuple[Telemetry, ...]:
    found = (read.get(TELEMETRIES, key) for key in keys)
    return tuple(telemetry for telemetry in found if telemetry is not None)
