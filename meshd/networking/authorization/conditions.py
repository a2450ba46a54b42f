"""`when`: conditions on attributes of a request or connection.

https://istio.io/latest/docs/reference/config/security/conditions/
"""

import re
from functools import partial

from meshd.model.security import Action, Condition
from meshd.networking.authorization.claims import claim, request_principal
from meshd.networking.authorization.lists import NEVER, Convert, Matcher, permissions, principals
from meshd.networking.authorization.values import (
    cidr,
    header,
    namespace_principal,
    peer_principal,
    service_account_principal,
    string_match,
    trust_domain_principal,
)

_IN_BRACKETS = re.compile(r"\[([^\[\]]+)\]")


def is_permission(condition: Condition) -> bool:
    """Whether it is about what is asked for; else it is about who asks."""
    return condition.key.startswith(("destination.", "connection."))


def matchers(condition: Condition, namespace: str, action: Action) -> list[Matcher]:
    """Permissions or principals, all of which must hold.

    An attribute that is not known counts against the request: a rule that lets in never holds, one that keeps out does.
    """
    convert = _converter(condition.key, namespace)
    if convert is None:
        return [NEVER] if action in (Action.ALLOW, Action.AUDIT) else []
    split = permissions if is_permission(condition) else principals
    return split(condition.values, condition.not_values, convert)


def _converter(key: str, namespace: str) -> Convert | None:
    name, bracket, _ = key.partition("[")
    if not bracket:
        return partial(service_account_principal, namespace=namespace) if key == _ACCOUNT else _PLAIN.get(key)
    names = _IN_BRACKETS.findall(key)
    if name == "request.headers":
        return lambda value: {"header": header(names[0], value)}
    return claim(*names) if name == "request.auth.claims" else None


_ACCOUNT = "source.serviceAccount"
_PLAIN: dict[str, Convert] = {
    "source.ip": lambda value: {"direct_remote_ip": cidr(value)},
    "remote.ip": lambda value: {"remote_ip": cidr(value)},
    "source.namespace": namespace_principal,
    "source.principal": peer_principal,
    "source.trustDomain": trust_domain_principal,
    "request.auth.principal": request_principal,
    "request.auth.audiences": claim("aud"),
    "request.auth.presenter": claim("azp"),
    "destination.ip": lambda value: {"destination_ip": cidr(value)},
    "destination.port": lambda value: {"destination_port": int(value)},
    "connection.sni": lambda value: {"requested_server_name": string_match(value)},
}
