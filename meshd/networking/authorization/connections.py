"""What of a rule can be told of a connection that is not HTTP."""

from dataclasses import replace

from meshd.model.security import Action, Condition, Operation, Rule

_HTTP_KEYS = ("request.headers", "request.auth", "remote.ip")


def rule_for_connections(rule: Rule, action: Action) -> Rule | None:
    """A rule that lets in and asks for HTTP attributes never holds; of one that keeps out the rest stays in force.

    https://istio.io/latest/docs/concepts/security/#using-istio-authorization-on-plain-tcp-protocols
    """
    if not _needs_http(rule):
        return rule
    if action in (Action.ALLOW, Action.AUDIT):
        return None
    return Rule(
        sources=tuple(replace(s, request_principals=(), not_request_principals=()) for s in rule.sources),
        operations=tuple(Operation(ports=o.ports, not_ports=o.not_ports) for o in rule.operations),
        conditions=tuple(c for c in rule.conditions if not _is_http(c)),
    )


def _needs_http(rule: Rule) -> bool:
    parts = (*(s.needs_http for s in rule.sources), *(o.needs_http for o in rule.operations))
    return any(parts) or any(_is_http(condition) for condition in rule.conditions)


def _is_http(condition: Condition) -> bool:
    return condition.key.startswith(_HTTP_KEYS)
