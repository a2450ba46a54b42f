"""AuthorizationPolicy: actions, rules and conditions. What is checked here decides who gets in, so nothing
that could be read in two ways passes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from meshd.api.dry_run import DRY_RUN, is_dry_run, is_understood
from meshd.api.istio.authorization_policy import AuthorizationPolicy, Condition, Operation, Rule, Source
from meshd.api.object import IstioObject
from meshd.api.problem import Problem, child
from meshd.api.walk import messages, set_fields

from .names import check_ip_blocks
from .target import check_selector, check_target_refs, warn_of_empty_selector

_IP_FIELDS = ("ipBlocks", "notIpBlocks", "remoteIpBlocks", "notRemoteIpBlocks")
_IP_KEYS = ("source.ip", "remote.ip", "destination.ip")
_KEYS = (
    *_IP_KEYS,
    *("source.namespace", "source.principal", "source.serviceAccount", "source.trustDomain"),
    *("request.auth.principal", "request.auth.audiences", "request.auth.presenter"),
    *("destination.port", "connection.sni"),
)
_MAP_KEY = re.compile(r"(request\.headers|(request\.auth\.claims|experimental\.[^\[]*)(\[[^\[\]]+\])*)\[[^\[\]]+\]")
_IDENTITY = (
    *("principals", "notPrincipals", "namespaces", "notNamespaces", "serviceAccounts", "notServiceAccounts"),
    *("requestPrincipals", "notRequestPrincipals", "trustDomains", "notTrustDomains"),
)
_SERVICE_ACCOUNT = re.compile(r"[^*/]+(/[^*/]+)?")
_TEMPLATE = re.compile(r"(/([^{}*/]*|\{\*\}))*(/\{\*\*\}(/[^{}*/]*)*)?")


def check_authorization_policy(policy: IstioObject[AuthorizationPolicy]) -> Iterator[Problem]:
    """Why this AuthorizationPolicy must be refused."""
    spec = policy.spec
    yield from check_selector(spec.selector)
    yield from check_target_refs(spec.target_ref, spec.target_refs)
    if spec.action in ("DENY", "CUSTOM") and not spec.rules:
        reason = f"{spec.action} without rules never applies; for every request write one empty rule: [{{}}]"
        yield Problem("spec.rules", None, reason)
    if spec.action == "CUSTOM" and not (spec.provider and spec.provider.name):
        yield Problem("spec.provider.name", None, "is required for CUSTOM")
    if spec.action != "CUSTOM" and spec.provider is not None:
        yield Problem("spec.provider", None, f"goes with CUSTOM only, not with {spec.action}")
    for index, rule in enumerate(spec.rules):
        yield from _check_rule(rule, f"spec.rules[{index}]")
        if spec.action == "CUSTOM":
            yield from _check_custom_rule(rule, f"spec.rules[{index}]")


def warn_authorization_policy(policy: IstioObject[AuthorizationPolicy]) -> Iterator[Problem]:
    """What is allowed but surely not meant: a `*` inside a value is no wildcard but compared as it is."""
    yield from warn_of_empty_selector(policy.spec.selector)
    yield from _warn_of_dry_run(policy)
    for path, message, _ in messages(policy.spec, "spec"):
        if isinstance(message, Source | Operation | Condition):
            for name, value in set_fields(message):
                yield from _check_wildcards(value if isinstance(value, tuple) else (), f"{path}.{name}")


def _warn_of_dry_run(policy: IstioObject[AuthorizationPolicy]) -> Iterator[Problem]:
    value, place = policy.metadata.annotations.get(DRY_RUN), child("metadata.annotations", DRY_RUN)
    if not is_understood(policy.metadata):
        yield Problem(place, value, "must be true or false; the policy is in force")
    if is_dry_run(policy.metadata) and policy.spec.action not in ("ALLOW", "DENY"):
        yield Problem(place, value, f"a dry run of {policy.spec.action} reports nothing; the policy has no effect")


def _check_rule(rule: Rule, path: str) -> Iterator[Problem]:
    for index, from_ in enumerate(rule.from_):
        place = f"{path}.from[{index}].source"
        if from_.source is None or from_.source == Source():
            yield Problem(place, None, "must have a condition; leave `from` out to fit every source")
        else:
            yield from _check_source(from_.source, place)
    for index, to in enumerate(rule.to):
        place = f"{path}.to[{index}].operation"
        if to.operation is None or to.operation == Operation():
            yield Problem(place, None, "must have a condition; leave `to` out to fit every operation")
        else:
            yield from _check_operation(to.operation, place)
    for index, condition in enumerate(rule.when):
        yield from _check_condition(condition, f"{path}.when[{index}]")


def _check_values(values: Sequence[str], path: str) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if not value:
            yield Problem(f"{path}[{index}]", value, "must not be empty")


def _check_wildcards(values: Sequence[str], path: str) -> Iterator[Problem]:
    for index, value in enumerate(values):
        text = value.replace("{**}", "").replace("{*}", "")
        inner = text[1:] if text.startswith("*") else text.removesuffix("*")
        if "*" in inner:
            yield Problem(f"{path}[{index}]", value, "* is a wildcard at one end of a value only")


def _check_source(source: Source, path: str) -> Iterator[Problem]:
    for name, values in _lists(source):
        place = f"{path}.{name}"
        yield from _check_values(values, place)
        if name in _IP_FIELDS:
            yield from check_ip_blocks(values, place)
        elif name in ("serviceAccounts", "notServiceAccounts"):
            yield from _check_service_accounts(values, place)
        elif name in ("trustDomains", "notTrustDomains"):
            yield from _check_wildcards(values, place)
    others = (source.principals, source.not_principals, source.namespaces, source.not_namespaces)
    if (source.service_accounts or source.not_service_accounts) and any(others):
        yield Problem(path, None, "serviceAccounts cannot be combined with principals or namespaces")


def _lists(message: Source | Operation) -> Iterator[tuple[str, Sequence[str]]]:
    for name, values in set_fields(message):
        assert isinstance(values, tuple)
        yield name, values


def _check_service_accounts(values: Sequence[str], path: str) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if not _SERVICE_ACCOUNT.fullmatch(value) or len(value) > 320:
            yield Problem(f"{path}[{index}]", value, "must be name or namespace/name of a service account")


def _check_operation(operation: Operation, path: str) -> Iterator[Problem]:
    for name, values in _lists(operation):
        place = f"{path}.{name}"
        yield from _check_values(values, place)
        if name in ("ports", "notPorts"):
            yield from _check_ports(values, place)
        elif name in ("paths", "notPaths"):
            yield from _check_paths(values, place)


def _check_ports(values: Sequence[str], path: str) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if not value.isascii() or not value.isdecimal() or not 1 <= int(value) <= 65535:
            yield Problem(f"{path}[{index}]", value, 'must be a port from 1 to 65535 in quotes, such as "8080"')


def _check_paths(values: Sequence[str], path: str) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if ("{" in value or "}" in value) and not _TEMPLATE.fullmatch(value):
            yield Problem(f"{path}[{index}]", value, "a path template holds {*} and, as the last one, {**}")


def _check_condition(condition: Condition, path: str) -> Iterator[Problem]:
    key = condition.key
    if key not in _KEYS and not _MAP_KEY.fullmatch(key):
        known = f"{', '.join(_KEYS)}, request.headers[name], request.auth.claims[name]"
        yield Problem(f"{path}.key", key, f"must be one of {known}")
    if not (condition.values or condition.not_values):
        yield Problem(path, None, "must have values or notValues")
    for name, values in (("values", condition.values), ("notValues", condition.not_values)):
        place = f"{path}.{name}"
        yield from _check_values(values, place)
        if key in _IP_KEYS:
            yield from check_ip_blocks(values, place)
        elif key == "destination.port":
            yield from _check_ports(values, place)
        elif key == "source.serviceAccount":
            yield from _check_service_accounts(values, place)
        elif key == "source.trustDomain":
            yield from _check_wildcards(values, place)


def _check_custom_rule(rule: Rule, path: str) -> Iterator[Problem]:
    for index, from_ in enumerate(rule.from_):
        for name, _ in set_fields(from_.source) if from_.source is not None else ():
            if name in _IDENTITY:
                yield Problem(f"{path}.from[{index}].source.{name}", None, "cannot be used with CUSTOM")
    for index, condition in enumerate(rule.when):
        if condition.key.startswith("request.auth.") or condition.key in _KEYS[3:7]:
            yield Problem(f"{path}.when[{index}].key", condition.key, "cannot be used with CUSTOM")
