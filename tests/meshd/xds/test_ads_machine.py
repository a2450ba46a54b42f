"""Whatever proxy and mesh do, in whatever order: at rest the proxy holds what there is, refused resources aside."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from meshd.model.resource import CLUSTER, ENDPOINT, LISTENER, ROUTE
from meshd.xds.warming import PATIENCE_SECONDS
from meshd.xds.wire import Request, Response
from tests.meshd.xds.fake_proxy import NODE, FakeProxy

TYPES = (CLUSTER, ENDPOINT, LISTENER, ROUTE)
NAMED = (ENDPOINT, ROUTE)
REFERRED_TO = (CLUSTER, ENDPOINT)
NAMES = ("a", "b", "c")
types, named, names = st.sampled_from(TYPES), st.sampled_from(NAMED), st.sampled_from(NAMES)


class AdsMachine(RuleBasedStateMachine):
    """A proxy that speaks delta ADS, refuses bad resources, answers late, and comes back with what it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.proxy = FakeProxy()
        self.version = 0
        self.holds: dict[str, dict[str, str]] = {type_url: {} for type_url in TYPES}
        self.wanted: dict[str, set[str]] = {type_url: set() for type_url in NAMED}
        self.opened: set[str] = set()
        self.unanswered: list[Response] = []

    # --- the mesh

    @rule(type_url=types, name=names, bad=st.booleans())
    def put(self, type_url: str, name: str, bad: bool) -> None:
        self.version += 1
        self.proxy.put(type_url, name, version=f"{'bad' if bad else 'good'}-{self.version}")

    @rule(type_url=types, name=names)
    def drop(self, type_url: str, name: str) -> None:
        if name in self.proxy.collections[type_url]:
            self.proxy.drop(type_url, name)

    # --- the proxy

    @precondition(lambda self: CLUSTER not in self.opened)
    @rule()
    def open(self) -> None:
        for type_url in (CLUSTER, LISTENER):
            self.proxy.subscribe(type_url, known=dict(self.holds[type_url]))
        self.opened.update((CLUSTER, LISTENER))

    @precondition(lambda self: CLUSTER in self.opened)
    @rule(type_url=named, name=names)
    def subscribe(self, type_url: str, name: str) -> None:
        known = {} if type_url in self.opened else {n: self.holds[type_url][n] for n in self._held(type_url)}
        self.proxy.subscribe(type_url, name, *(self.wanted[type_url] if known else ()), known=known)
        self.wanted[type_url].add(name)
        self.opened.add(type_url)

    @precondition(lambda self: bool(self.opened & set(NAMED)))
    @rule(type_url=named, name=names)
    def unsubscribe(self, type_url: str, name: str) -> None:
        if type_url in self.opened and name in self.wanted[type_url]:
            self.proxy.unsubscribe(type_url, name)
            self.wanted[type_url].discard(name)
            self.holds[type_url].pop(name, None)

    @rule()
    def read(self) -> None:
        response = self.proxy.read()
        if response is not None:
            self.unanswered.append(response)

    @precondition(lambda self: bool(self.unanswered))
    @rule()
    def answer(self) -> None:
        response = self.unanswered.pop(0)
        if any(resource.version.startswith("bad") for resource in response.resources):
            self.proxy.nack(response)
            return
        for resource in response.resources:
            if self._wants(response.type_url, resource.name):
                self.holds[response.type_url][resource.name] = resource.version
        for name in response.removed:
            self.holds[response.type_url].pop(name, None)
        self.proxy.ack(response)

    @precondition(lambda self: CLUSTER in self.opened)
    @rule(type_url=types, refused=st.booleans())
    def answer_what_was_never_sent(self, type_url: str, refused: bool) -> None:
        if type_url in self.opened:
            error = "bad" if refused else None
            assert self.proxy.stream.receive(Request(type_url, nonce="stale", error=error)) is None

    @precondition(lambda self: CLUSTER in self.opened)
    @rule()
    def reconnect(self) -> None:
        """The stream breaks: what was read and not answered was applied or not, and is told by what is held."""
        collections = self.proxy.collections
        self.proxy = FakeProxy()
        for type_url, collection in collections.items():
            self.proxy.collections[type_url].update(collection)
        self.unanswered.clear()
        self.opened.clear()
        for type_url in (CLUSTER, ENDPOINT, LISTENER, ROUTE):
            wanted = sorted(self.wanted.get(type_url, ()))
            if wanted or type_url not in NAMED:
                known = {name: self.holds[type_url][name] for name in self._held(type_url)}
                self.proxy.stream.receive(Request(type_url, NODE, subscribe=tuple(wanted), known=known))
                self.opened.add(type_url)

    # --- what must hold

    @invariant()
    def nothing_is_sent_that_was_not_asked_for(self) -> None:
        for response in self.unanswered:
            assert response.type_url in self.opened

    def teardown(self) -> None:
        for _ in range(300):
            while self.unanswered:
                self.answer()
            self.read()
            if not self.unanswered:
                patience = self.proxy.stream.patience()
                if patience is None:
                    break
                self.proxy.now += max(patience, PATIENCE_SECONDS)
        else:
            raise AssertionError("the stream never comes to rest")
        for type_url in self.opened:
            there = self.proxy.collections[type_url]
            for name in NAMES:
                if not self._wants(type_url, name):
                    continue
                held, wanted = self.holds[type_url].get(name), there[name].version if name in there else None
                if wanted is None and type_url in REFERRED_TO and self._has_refused():
                    continue  # the last good listener or route may still refer to it
                if wanted is None or wanted.startswith("good"):
                    assert held == wanted, f"{type_url} {name}: holds {held}, there is {wanted}"
                else:
                    assert held is None or held.startswith("good")

    def _has_refused(self) -> bool:
        return any(
            resource.version.startswith("bad") and self._wants(type_url, name)
            for type_url in (LISTENER, ROUTE)
            for name, resource in self.proxy.collections[type_url].items()
        )

    def _wants(self, type_url: str, name: str) -> bool:
        return type_url not in NAMED or name in self.wanted[type_url]

    def _held(self, type_url: str) -> list[str]:
        return [name for name in self.holds[type_url] if self._wants(type_url, name)]


AdsMachine.TestCase.settings = settings(deadline=None, max_examples=150, stateful_step_count=40)
TestAdsMachine: Any = AdsMachine.TestCase
