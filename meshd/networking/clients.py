"""What rules and policies ask of clients: those that give the same answers see the same of the mesh."""

from collections import Counter
from collections.abc import Iterator

from meshd.model.canonical import app_of
from meshd.model.destination import DestinationPolicy
from meshd.model.labels import Labels
from meshd.model.locality import LOCALITY_LABEL, NODE, NOWHERE, LocalityLbSetting, Zones
from meshd.model.memo import Reader
from meshd.model.tables import DESTINATIONS, ROUTE_RULES, WORKLOADS, exported
from meshd.networking.localities import workload_locality
from meshd.networking.lookup import mesh_config
from meshd.networking.scopes import Layer, OutboundScope, ProxyScope


def client_scope(read: Reader, proxy: ProxyScope, layer: Layer, sidecar: str = "") -> OutboundScope:
    """Clients like `proxy`: of its namespace, with its labels and locality as far as somebody asks for them."""
    namespace, labels = proxy.workload.namespace, proxy.workload.labels
    asked = read.query(asked_labels, namespace)
    given = dict(labels) | ({NODE: proxy.node} if NODE in asked and proxy.node else {})
    chosen = tuple(sorted((key, value) for key, value in given.items() if key in asked))
    asks_locality = read.query(is_locality_asked, namespace)
    locality = workload_locality(read, labels, proxy.node) if asks_locality else NOWHERE
    counts = bool(locality) and read.query(are_peers_asked, namespace)
    peers = read.query(peers_by_zone, namespace, _kind(labels)) if counts else ()
    return OutboundScope(namespace, chosen, layer, sidecar, locality, peers)


def asked_labels(read: Reader, namespace: str) -> frozenset[str]:
    """Keys of the labels that some rule that clients in `namespace` see asks for."""
    rules = (
        rules.asked_labels
        for rules in read.find(ROUTE_RULES, "asks_labels", True)
        if exported(rules.export_to, rules.ref.namespace, namespace)
    )
    selectors = ({key for key, _ in policy.selector} for policy in read.find(DESTINATIONS, "selecting", namespace))
    settings = (setting.asked_labels for _, setting in read.query(settings_asking, namespace))
    return frozenset().union(*rules, *selectors, *settings)


def is_locality_asked(read: Reader, namespace: str) -> bool:
    """Whether some policy that clients in `namespace` see depends on where they run."""
    return any(setting.asks_locality for _, setting in read.query(settings_asking, namespace))


def are_peers_asked(read: Reader, namespace: str) -> bool:
    """Whether some policy that clients in `namespace` see depends on how many of them run where."""
    return any(setting.zone_aware for _, setting in read.query(settings_asking, namespace))


def peers_by_zone(read: Reader, namespace: str, labels: Labels) -> Zones:
    """Where the workloads run that are of one service with a client: by their app, without one by all their labels."""
    found = Counter(
        workload_locality(read, workload.labels, workload.node).without_sub_zone
        for workload in read.find(WORKLOADS, "namespace", namespace)
        if _kind(workload.labels) == labels
    )
    return tuple(sorted(found.items()))


def _kind(labels: Labels) -> Labels:
    app = app_of(dict(labels), "")
    return (("app", app),) if app else tuple(label for label in labels if label[0] != LOCALITY_LABEL)


def hosts_asking(read: Reader, scope: OutboundScope) -> tuple[str, ...]:
    """Hosts whose policies ask for something that clients of a scope give; "*" is all of them."""
    keys = {key for key, _ in scope.labels}

    def asks(setting: LocalityLbSetting) -> bool:
        return bool(scope.locality and setting.asks_locality) or not keys.isdisjoint(setting.asked_labels)

    asking = read.query(settings_asking, scope.namespace)
    return tuple(dict.fromkeys(host for host, setting in asking if asks(setting)))


def settings_asking(read: Reader, namespace: str) -> tuple[tuple[str, LocalityLbSetting], ...]:
    """Settings of policies that clients in `namespace` see, each with its host; the mesh's shares are for all hosts.

    Several objects for one host may be put together from any of their parts: a setting counts as in force even where
    only another object has the outlier detection that it needs.
    """
    default = read.query(mesh_config).preference
    found = (
        (policy.host, setting)
        for policy in read.find(DESTINATIONS, "prefers", True)
        if exported(policy.export_to, policy.ref.namespace, namespace)
        for setting in _settings(policy, default)
    )
    everywhere = (("*", default),) if default.distribute or default.zone_aware else ()
    return tuple((host, setting) for host, setting in (*everywhere, *found) if setting.enabled)


def _settings(policy: DestinationPolicy, default: LocalityLbSetting) -> Iterator[LocalityLbSetting]:
    for part in policy.parts:
        if part.load_balancer is not None and part.load_balancer.locality is not None:
            yield part.load_balancer.locality
        if part.outlier_detection is not None:
            yield default
