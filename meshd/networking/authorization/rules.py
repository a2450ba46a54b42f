"""One rule of an AuthorizationPolicy as an Envoy RBAC policy: permissions (what) and principals (who)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from envoy.config.rbac.v3 import rbac_pb2

from meshd.model.security import Action, Condition, Operation, Rule, Source
from meshd.networking.authorization.values import (
    cidr,
    header,
    host_header,
    namespace_principal,
    path,
    peer_principal,
    service_account_principal,
    trust_domain_principal,
)

Matcher = dict[str, Any]
Convert = Callable[[str], Matcher]
ANY: Matcher = {"any": True}
NEVER: Matcher = {"not_id": ANY}

_HTTP_KEYS = ("request.headers", "request.auth", "remote.ip")


def network_rule(rule: Rule, action: Action) -> Rule | None:
    """What of `rule` can be told of a TCP connection.

    An ALLOW rule that asks for HTTP attributes never holds there; of a DENY rule the other conditions stay in force.
    https://istio.io/latest/docs/concepts/security/#using-istio-authorization-on-plain-tcp-protocols
    """
    http_conditions = [c for c in rule.conditions if c.key.startswith(_HTTP_KEYS)]
    needs_http = http_conditions or any(operation.needs_http for operation in rule.operations)
    if not needs_http:
        return rule
    if action is Action.ALLOW:
        return None
    operations = tuple(Operation(ports=o.ports, not_ports=o.not_ports) for o in rule.operations)
    conditions = tuple(c for c in rule.conditions if c not in http_conditions)
    return replace(rule, operations=operations, conditions=conditions)


def rbac_policy(rule: Rule, namespace: str, action: Action) -> rbac_pb2.Policy:
    """An attribute that is not known counts against the request: an ALLOW rule with it never holds, a DENY rule does.

    https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto"""
    who = [c for c in rule.conditions if not _is_permission(c.key)]
    what = [c for c in rule.conditions if _is_permission(c.key)]
    sources = [_source(source, namespace) for source in rule.sources] or [[]]
    operations = [_operation(operation) for operation in rule.operations] or [[]]
    extra_principals = [m for condition in who for m in _condition(condition, action)]
    extra_permissions = [m for condition in what for m in _condition(condition, action)]
    return rbac_pb2.Policy(
        principals=[_all("and_ids", "ids", [*parts, *extra_principals]) for parts in sources],
        permissions=[_all("and_rules", "rules", [*parts, *extra_permissions]) for parts in operations],
    )


def _all(kind: str, members: str, parts: list[Matcher]) -> Matcher:
    if not parts:
        return ANY
    return parts[0] if len(parts) == 1 else {kind: {members: parts}}


def _one_of(kind: str, members: str, values: tuple[str, ...], convert: Convert) -> list[Matcher]:
    if not values:
        return []
    return [{kind: {members: [convert(value) for value in values]}}] if len(values) > 1 else [convert(values[0])]


def _principals(values: tuple[str, ...], excluded: tuple[str, ...], convert: Convert) -> list[Matcher]:
    none = _one_of("or_ids", "ids", excluded, convert)
    return [*_one_of("or_ids", "ids", values, convert), *({"not_id": matcher} for matcher in none)]


def _permissions(values: tuple[str, ...], excluded: tuple[str, ...], convert: Convert) -> list[Matcher]:
    none = _one_of("or_rules", "rules", excluded, convert)
    return [*_one_of("or_rules", "rules", values, convert), *({"not_rule": matcher} for matcher in none)]


def _source(source: Source, namespace: str) -> list[Matcher]:
    def direct(value: str) -> Matcher:
        return {"direct_remote_ip": cidr(value)}

    def remote(value: str) -> Matcher:
        return {"remote_ip": cidr(value)}

    def account(value: str) -> Matcher:
        return service_account_principal(value, namespace)

    return [
        *_principals(source.principals, source.not_principals, peer_principal),
        *_principals(source.namespaces, source.not_namespaces, namespace_principal),
        *_principals(source.service_accounts, source.not_service_accounts, account),
        *_principals(source.trust_domains, source.not_trust_domains, trust_domain_principal),
        *_principals(source.ip_blocks, source.not_ip_blocks, direct),
        *_principals(source.remote_ip_blocks, source.not_remote_ip_blocks, remote),
    ]


def _operation(operation: Operation) -> list[Matcher]:
    def port(value: str) -> Matcher:
        return {"destination_port": int(value)}

    def method(value: str) -> Matcher:
        return {"header": header(":method", value)}

    return [
        *_permissions(operation.hosts, operation.not_hosts, lambda value: {"header": host_header(value)}),
        *_permissions(operation.ports, operation.not_ports, port),
        *_permissions(operation.methods, operation.not_methods, method),
        *_permissions(operation.paths, operation.not_paths, lambda value: path(value)),
    ]


def _is_permission(key: str) -> bool:
    return key.startswith(("destination.", "connection."))


def _condition(condition: Condition, action: Action) -> list[Matcher]:
    """https://istio.io/latest/docs/reference/config/security/conditions/"""
    convert = _CONDITIONS.get(condition.key)
    if convert is None and condition.key.startswith("request.headers["):
        name = condition.key.removeprefix("request.headers[").removesuffix("]")
        return _principals(condition.values, condition.not_values, lambda value: {"header": header(name, value)})
    if condition.key.startswith("request.auth."):
        return [NEVER] if condition.values else []
    if convert is None:
        return [NEVER] if action is Action.ALLOW else []
    split = _permissions if _is_permission(condition.key) else _principals
    return split(condition.values, condition.not_values, convert)


_CONDITIONS: dict[str, Convert] = {
    "source.ip": lambda value: {"direct_remote_ip": cidr(value)},
    "remote.ip": lambda value: {"remote_ip": cidr(value)},
    "source.namespace": namespace_principal,
    "source.principal": peer_principal,
    "source.trustDomain": trust_domain_principal,
    "destination.ip": lambda value: {"destination_ip": cidr(value)},
    "destination.port": lambda value: {"destination_port": int(value)},
    "connection.sni": lambda value: {"requested_server_name": {"exact": value}},
}
