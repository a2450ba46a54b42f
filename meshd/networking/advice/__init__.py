"""Warnings about an object that is right by itself but has no effect, or another one, in the mesh as it is now."""

from collections.abc import Iterator

from meshd.model.destination import DestinationPolicy
from meshd.model.gateway import Gateway
from meshd.model.memo import Memo, Reader
from meshd.model.request_authentication import RequestAuthentication
from meshd.model.route import RouteRules
from meshd.model.security import AuthorizationPolicy, PeerAuthentication
from meshd.model.service import Service
from meshd.model.sidecar import Sidecar
from meshd.model.store import Store
from meshd.model.telemetry import Telemetry
from meshd.networking.advice.destinations import of_policy
from meshd.networking.advice.finding import Finding
from meshd.networking.advice.gateways import of_gateway
from meshd.networking.advice.issuers import of_request_authentication
from meshd.networking.advice.policies import of_authorization, of_peer_authentication
from meshd.networking.advice.routes import of_rules
from meshd.networking.advice.services import of_service
from meshd.networking.advice.sidecars import of_sidecar
from meshd.networking.advice.telemetry import of_telemetry


def advice(store: Store, row: object) -> tuple[str, ...]:
    """What the author of `row` (a row of the model) should know, in sentences.

    What is missing may still come: the object is accepted, and takes effect as it does.
    """
    return tuple(dict.fromkeys(finding.text for finding in findings(store, row)))


def findings(store: Store, row: object) -> tuple[Finding, ...]:
    """The same with the field that each is about."""
    memo = Memo(store)
    read = Reader(memo, memo.node((findings, "once")))
    return tuple(dict.fromkeys(_findings(read, row)))


def _findings(read: Reader, row: object) -> Iterator[Finding]:
    match row:
        case RouteRules():
            return of_rules(read, row)
        case DestinationPolicy():
            return of_policy(read, row)
        case Gateway():
            return of_gateway(read, row)
        case AuthorizationPolicy():
            return of_authorization(read, row)
        case PeerAuthentication():
            return of_peer_authentication(read, row)
        case RequestAuthentication():
            return of_request_authentication(read, row)
        case Sidecar():
            return of_sidecar(read, row)
        case Telemetry():
            return of_telemetry(read, row)
        case Service():
            return of_service(read, row)
    return iter(())
