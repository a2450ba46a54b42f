"""One proxy's stream as a state machine: requests and changes in, responses out, in an order that breaks
nothing.

Make before break: secrets, clusters, endpoints; then, once new clusters are in use, listeners, routes,
virtual hosts; and when the proxy has accepted all of those, what they no longer name is removed. `next` is
asked for one response at a time, so whatever changes while a slow proxy is not reading collapses into the
newest state.

https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#eventual-consistency-considerations
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from secrets import token_hex

from meshd.model.resource import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, TYPE_URLS, VIRTUAL_HOST, Resource
from meshd.model.service import Proxy
from meshd.xds.search import Sent
from meshd.xds.subscription import Refusal, Subscription
from meshd.xds.view import View
from meshd.xds.virtual_hosts import VirtualHosts
from meshd.xds.warming import ALL, Warming
from meshd.xds.wire import Request, Response

log = logging.getLogger(__name__)

_FIRST = (SECRET, CLUSTER, ENDPOINT)
_AFTER_WARMING = (LISTENER, ROUTE, VIRTUAL_HOST)
_REMOVED_LAST = (ENDPOINT, CLUSTER, SECRET)
NAMES_SHOWN = 5
"""Of clusters in one line of the log: there may be thousands."""


class ProtocolViolation(Exception):
    """The proxy did what ends a stream; the message says what."""


class Stream:
    """`wake` is called whenever `next` may have something to send."""

    def __init__(
        self,
        proxy: Proxy,
        view: View,
        wake: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.proxy = proxy
        self.view = view
        self.wake = wake
        self.closing = False
        self.connected_since = time.time()
        self.dirty_since: float | None = None
        self.subscriptions = {type_url: Subscription(type_url) for type_url in TYPE_URLS}
        self._virtual_hosts = VirtualHosts(self.subscriptions[ROUTE], self.subscriptions[VIRTUAL_HOST])
        self._first = tuple(self.subscriptions[type_url] for type_url in _FIRST)
        self._in_order = (*self._first, *(self.subscriptions[type_url] for type_url in _AFTER_WARMING))
        self._clock = clock
        self._nonce = 0
        self._nonce_prefix = token_hex(4)
        self._warming = Warming(clock())
        self._endpoints_due: set[str] = set()

    # --- what comes in

    def receive(self, request: Request) -> Refusal | None:
        """Take a request; a Refusal when it is a NACK. Raises ProtocolViolation."""
        if request.node_id and request.node_id != self.proxy.node_id:
            raise ProtocolViolation(
                f"the stream of {self.proxy.node_id} may not go on as {request.node_id}: open another stream"
            )
        subscription = self.subscriptions.get(request.type_url)
        if subscription is None:
            log.info("proxy=%s asks for a type that the mesh does not have: %s", self.proxy.node_id, request.type_url)
            return None
        refusal = self._answer(subscription, request) if request.nonce else None
        if not subscription.opened:
            self._open(subscription, request)
        elif request.subscribe or request.unsubscribe:
            self._update(subscription, request)
        for each in self._in_order:
            if each.waiting:
                self.wake()
                break
        return refusal

    def changed(self, type_url: str, marks: Iterable[tuple[str, bool]], since: float | None = None) -> None:
        """Resources came, changed or went; `marks` are (name, whether it is new), `since` when it began."""
        subscription = self.subscriptions[type_url]
        concerned = [name for name, added in marks if subscription.mark(name, added)]
        if concerned:
            if self.dirty_since is None:
                self.dirty_since = since
            self.wake()

    def close(self) -> None:
        """End the stream at the next chance; the proxy connects anew."""
        self.closing = True
        self.wake()

    # --- what goes out

    def next(self) -> Response | None:
        """The next response to send, None when the proxy is up to date or must acknowledge something
        first.
        """
        if self._warming:
            self._give_up_the_late()
        for subscription in self._first if self._warming else self._in_order:
            if subscription.due and (response := self._take(subscription)):
                return response
        return self._next_removals() if self._removals_wait() and self._references_settled() else None

    def patience(self) -> float | None:
        """Seconds after which `next` has something to send even if nothing comes in; None: never."""
        return max(0.0, self._warming.deadline - self._clock()) if self._warming else None

    # --- inside

    def _give_up_the_late(self) -> None:
        late = self._warming.expire(self._clock())
        if late and late != (ALL,):
            shown = ", ".join(late[:NAMES_SHOWN]) + (", …" if len(late) > NAMES_SHOWN else "")
            log.warning("proxy=%s does not take %d new clusters into use: %s", self.proxy.node_id, len(late), shown)

    def _open(self, subscription: Subscription, request: Request) -> None:
        subscription.open(request)
        known = request.known
        if subscription.type_url == ENDPOINT and not self.subscriptions[CLUSTER].opened:
            known = {}  # Envoy keeps its request for clusters back while one waits for its endpoints
        if subscription.type_url == VIRTUAL_HOST:
            self._virtual_hosts.opened(known, self._visible_hosts)
            return
        subscription.compare(self.view.all(subscription.type_url), known)
        if subscription.type_url == CLUSTER:
            self._warming.abandon((ALL,))
        if subscription.type_url == ENDPOINT:
            self._send_endpoints()
        if subscription.type_url == ROUTE:
            self._virtual_hosts.routes_opened(known, self._visible_hosts)

    def _update(self, subscription: Subscription, request: Request) -> None:
        was_wildcard = subscription.wildcard
        subscription.update(request)
        if subscription.wildcard and not was_wildcard:
            subscription.compare(self.view.all(subscription.type_url), {})
        if subscription.type_url == ROUTE:
            self._virtual_hosts.routes_updated(request.subscribe, request.unsubscribe, self._visible_hosts)

    def _answer(self, subscription: Subscription, request: Request) -> Refusal | None:
        if request.error is None:
            self._acknowledged(subscription.type_url, subscription.acknowledge(request.nonce))
            return None
        refusal = subscription.refuse(request.nonce, request.error)
        if refusal is not None and refusal.isolated is not None:
            self._warming.abandon((refusal.isolated,))
        return refusal

    def _acknowledged(self, type_url: str, names: Mapping[str, Sent]) -> None:
        if self._warming and type_url in (CLUSTER, ENDPOINT):
            self._warming.acknowledged(type_url, names)

    def _take(self, subscription: Subscription) -> Response | None:
        nonce = self._next_nonce()
        response = subscription.take(nonce, partial(self.view.get, subscription.type_url))
        if response is not None and subscription.type_url == CLUSTER:
            self._clusters_sent(subscription.in_flight[nonce])
        return response

    def _clusters_sent(self, clusters: Mapping[str, Sent]) -> None:
        """New clusters hold routes back; updated ones need their endpoints again to be taken into use.

        Envoy builds an updated cluster anew and waits for its endpoints, but does not ask for them again over
        delta, since it is still subscribed. A cluster and its endpoints have the same name.
        """
        new: dict[bool, list[str]] = {True: [], False: []}
        for name, sent in clusters.items():
            if sent.version is None:
                self._warming.abandon((name,))
            elif sent.new:
                new[self.view.get(ENDPOINT, name) is not None].append(name)
            else:
                self._endpoints_due.add(name)
        for has_endpoints, names in new.items():
            self._warming.begin(names, has_endpoints, self._clock())
        if self.subscriptions[ENDPOINT].opened:
            self._send_endpoints()

    def _send_endpoints(self) -> None:
        endpoints = self.subscriptions[ENDPOINT]
        for name in self._endpoints_due:
            if endpoints.covers(name):
                endpoints.owe(name)
        self._endpoints_due.clear()

    def _visible_hosts(self) -> Iterable[Resource]:
        return self.view.all(VIRTUAL_HOST)

    def _removals_wait(self) -> bool:
        return any(subscription.removals for subscription in self._first)

    def _references_settled(self) -> bool:
        """True when the proxy has accepted all listeners and routes.

        A proxy that comes back sends the first requests of all its types before it reads a response: its
        first answer about clusters, ACK or NACK, says that no such request is still to come.
        """
        clusters = self.subscriptions[CLUSTER]
        return bool(clusters.acked or clusters.nacked) and all(
            self.subscriptions[type_url].settled for type_url in _AFTER_WARMING
        )

    def _next_removals(self) -> Response | None:
        for type_url in _REMOVED_LAST:
            subscription = self.subscriptions[type_url]
            if subscription.removals:
                nonce = self._next_nonce()
                response = subscription.take_removals(nonce, partial(self.view.get, type_url))
                if response is not None:
                    if type_url == CLUSTER:
                        self._clusters_sent(subscription.in_flight[nonce])
                    return response
        return None

    def _next_nonce(self) -> str:
        self._nonce += 1
        return f"{self._nonce_prefix}-{self._nonce:x}"
