"""Rules and policies come and go in any order; what is in force always has somewhere to send requests to."""

from hypothesis import given, settings
from hypothesis import strategies as st

from meshd.model.destination import DestinationPolicy, Subset
from meshd.model.hold import Hold
from meshd.model.hosts import wildcards
from meshd.model.reference import ObjectRef
from meshd.model.route import Destination, HttpRoute, RouteRules, WeightedDestination
from meshd.model.service import Alias, Protocol, Service, ServicePort
from meshd.model.store import Store
from meshd.model.tables import ALIASES, DESTINATIONS, ROUTE_RULES, SERVICES, Change

HOST = "reviews.shop.svc.cluster.local"
OTHER = "ratings.shop.svc.cluster.local"


def service(host: str = HOST) -> Change:
    name = host.partition(".")[0]
    port = ServicePort("http", 80, 80, Protocol.HTTP)
    return SERVICES, f"shop/{name}", Service("shop", name, host, (port,))


def rules(*destinations: tuple[str, str], name: str = "rules") -> RouteRules:
    weighted = tuple(WeightedDestination(Destination(host, subset), 1) for host, subset in destinations)
    return RouteRules(ObjectRef("VirtualService", "shop", name), (HOST,), http=(HttpRoute(destinations=weighted),))


def policy(*subsets: str, host: str = HOST, name: str = "policy") -> DestinationPolicy:
    made = tuple(Subset(subset, (("version", subset),)) for subset in subsets)
    return DestinationPolicy(ObjectRef("DestinationRule", "shop", name), host, subsets=made)


def offer_rules(value: RouteRules | None, name: str = "rules") -> Change:
    return ROUTE_RULES, f"shop/{name}", value


def offer_policy(value: DestinationPolicy | None, name: str = "policy") -> Change:
    return DESTINATIONS, f"shop/{name}", value


class Mesh:
    """What is in force after each step."""

    def __init__(self, *changes: Change) -> None:
        self.hold, self.store = Hold(), Store()
        self.take(*changes)

    def take(self, *changes: Change) -> None:
        self.store.apply(self.hold.admit(changes))

    @property
    def rules(self) -> RouteRules | None:
        return self.store.get(ROUTE_RULES, "shop/rules")

    @property
    def subsets(self) -> list[str]:
        found = self.store.get(DESTINATIONS, "shop/policy")
        return [subset.name for subset in found.subsets] if found else []


def test_a_rule_waits_for_its_subset_and_takes_effect_when_it_comes() -> None:
    mesh = Mesh(service(), offer_rules(rules((HOST, "v1"))))
    assert mesh.rules is None
    assert mesh.hold.missing(rules((HOST, "v1"))) == (f"{HOST}/v1",)
    mesh.take(offer_policy(policy("v1")))
    assert mesh.rules == rules((HOST, "v1"))
    assert mesh.hold.waiting == ()


def test_a_rule_waits_for_its_host() -> None:
    mesh = Mesh(service(), offer_rules(rules((OTHER, ""))))
    assert mesh.rules is None
    mesh.take(service(OTHER))
    assert mesh.rules is not None


def test_what_was_in_force_stays_while_the_new_version_waits() -> None:
    mesh = Mesh(service(), offer_rules(rules((HOST, ""))))
    mesh.take(offer_rules(rules((HOST, "v2"))))
    assert mesh.rules == rules((HOST, ""))
    mesh.take(offer_policy(policy("v2")))
    assert mesh.rules == rules((HOST, "v2"))


def test_a_rule_that_is_deleted_while_it_waits_never_comes() -> None:
    mesh = Mesh(service(), offer_rules(rules((HOST, "v1"))))
    mesh.take(offer_rules(None), offer_policy(policy("v1")))
    assert mesh.rules is None


def test_a_subset_in_use_outlives_its_policy_until_the_rule_goes() -> None:
    mesh = Mesh(service(), offer_policy(policy("v1", "v2")), offer_rules(rules((HOST, "v1"))))
    mesh.take(offer_policy(policy("v3")))
    assert mesh.subsets == ["v3", "v1"]
    mesh.take(offer_policy(None))
    assert mesh.subsets == ["v1"]
    mesh.take(offer_rules(None))
    assert mesh.subsets == []


def test_a_subset_that_another_policy_takes_over_is_let_go() -> None:
    mesh = Mesh(service(), offer_policy(policy("v1")), offer_rules(rules((HOST, "v1"))))
    mesh.take(offer_policy(policy("v1", name="heir"), "heir"), offer_policy(None))
    assert mesh.subsets == []


def test_a_wildcard_policy_defines_subsets_too() -> None:
    mesh = Mesh(service(), offer_policy(policy("v1", host="*.shop.svc.cluster.local")))
    mesh.take(offer_rules(rules((HOST, "v1"))))
    assert mesh.rules is not None


steps = st.lists(
    st.one_of(
        st.builds(
            lambda subset, there: offer_rules(rules((HOST, subset)) if there else None),
            st.sampled_from(["", "v1", "v2", "v3"]),
            st.booleans(),
        ),
        st.builds(
            lambda subsets, there: offer_policy(policy(*sorted(subsets)) if there else None),
            st.sets(st.sampled_from(["v1", "v2", "v3"])),
            st.booleans(),
        ),
    ),
    max_size=20,
)


@settings(deadline=None)
@given(steps)
def test_no_rule_in_force_ever_names_what_is_not_there(sequence: list[Change]) -> None:
    mesh = Mesh(service())
    offered: dict[str, object] = {}
    for change in sequence:
        mesh.take(change)
        offered[change[0].name] = change[2]
        defined = {
            (host, subset.name)
            for host in wildcards(HOST)
            for found in mesh.store.find(DESTINATIONS, "host", host)
            for subset in found.subsets
        }
        named = {(d.host, d.subset) for d in mesh.rules.destinations() if d.subset} if mesh.rules else set()
        assert named <= defined
    newest = offered.get("route_rules")
    if isinstance(newest, RouteRules) and not mesh.hold.missing(newest):
        assert mesh.rules == newest
    if newest is None:
        assert mesh.store.get(DESTINATIONS, "shop/policy") == offered.get("destinations")


def test_a_wildcards_service_stands_for_each_of_its_names() -> None:
    mesh = Mesh(service(), offer_rules(rules(("one.wild.test", ""))))
    assert mesh.rules is None
    mesh.take(service("*.wild.test"))
    assert mesh.rules is not None


def test_an_alias_stands_for_what_it_names_with_its_subsets() -> None:
    other_name = "other.shop.svc.cluster.local"
    alias: Change = (ALIASES, "shop/other", Alias("shop", "other", other_name, HOST))
    mesh = Mesh(offer_rules(rules((other_name, "v1"))), alias)
    assert mesh.rules is None
    mesh.take(service())
    assert mesh.rules is None
    mesh.take(offer_policy(policy("v1")))
    assert mesh.rules is not None
