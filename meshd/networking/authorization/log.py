"""Lines in the proxy's log for what changes no verdict: requests to be audited, and those a dry run would have denied.

They are written whether or not the mesh has access logs, one line of JSON each, without the fields that are empty.
"""

from typing import Any

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.extensions.access_loggers.stream.v3 import stream_pb2

from meshd.model.security import Action, AuthorizationPolicy
from meshd.networking.authorization.names import (
    EFFECTIVE_POLICY,
    ENGINE_RESULT,
    HTTP_RBAC,
    NETWORK_RBAC,
    dry_run_prefix,
)
from meshd.networking.proto import extension, struct

_AUDITED = ("envoy.common", "access_log_hint")
"""Where Envoy's engines with action LOG leave that a rule fits."""

_DENY, _ALLOW = dry_run_prefix(Action.DENY), dry_run_prefix(Action.ALLOW)


def authorization_logs(policies: tuple[AuthorizationPolicy, ...], is_http: bool) -> list[Any]:
    """Access loggers; none where no policy has anything to report."""
    rbac = HTTP_RBAC if is_http else NETWORK_RBAC
    audits = any(policy.action is Action.AUDIT and not policy.dry_run for policy in policies)
    tried = {policy.action for policy in policies if policy.dry_run}
    filters = [_holds(*_AUDITED, {"bool_match": True})] if audits else []
    for action in (Action.DENY, Action.ALLOW):
        if action in tried:
            key = dry_run_prefix(action) + ENGINE_RESULT
            filters.append(_holds(rbac, key, {"string_match": {"exact": "denied"}}))
    if not filters:
        return []
    chosen = filters[0] if len(filters) == 1 else {"or_filter": {"filters": filters}}
    line = stream_pb2.StdoutAccessLog(
        log_format={"json_format": struct(_line(rbac, is_http)), "omit_empty_values": True}
    )
    return [accesslog_pb2.AccessLog(filter=chosen, **extension("envoy.access_loggers.stdout", line))]


def _holds(namespace: str, key: str, value: dict[str, Any]) -> dict[str, Any]:
    matcher = {"filter": namespace, "path": [{"key": key}], "value": value}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": {"value": False}}}


def _line(rbac: str, is_http: bool) -> dict[str, str]:
    request = {
        "method": "%REQ(:METHOD)%",
        "authority": "%REQ(:AUTHORITY)%",
        "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
        "response_code": "%RESPONSE_CODE%",
    }
    return {
        "time": "%START_TIME%",
        "audited": _metadata(*_AUDITED),
        "dry_run_deny": _metadata(rbac, _DENY + ENGINE_RESULT),
        "dry_run_deny_policy": _metadata(rbac, _DENY + EFFECTIVE_POLICY),
        "dry_run_allow": _metadata(rbac, _ALLOW + ENGINE_RESULT),
        "dry_run_allow_policy": _metadata(rbac, _ALLOW + EFFECTIVE_POLICY),
        "source_principal": "%DOWNSTREAM_PEER_URI_SAN%",
        "source_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
        "destination_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
        **(request if is_http else {}),
    }


def _metadata(namespace: str, key: str) -> str:
    return f"%DYNAMIC_METADATA({namespace}:{key})%"
