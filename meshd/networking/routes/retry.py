"""When a failed request is tried again, and where."""

from typing import Any

from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2
from envoy.extensions.retry.priority.previous_priorities.v3 import (
    previous_priorities_config_pb2 as previous_priorities_pb2,
)

from meshd.model.route import RetryPolicy
from meshd.networking.proto import duration, extension, uint32

DEFAULT_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,reset-before-request"
"""Only failures of which it is sure that no server has acted on the request.

https://istio.io/latest/docs/concepts/traffic-management/#retries
"""
DEFAULT_ATTEMPTS = 2
_HOST_ATTEMPTS = 5
_FAILURES_IN_A_LOCALITY = 2
"""After so many a retry goes on to another locality, as in Istio."""


def retry_policy(policy: RetryPolicy | None, *, hashed: bool = False) -> dict[str, Any] | None:
    """Envoy's RetryPolicy, the mesh's default for a rule without one; None when it turns retries off (attempts: 0).

    Names that are numbers are status codes to retry on, as in Istio's retryOn. Where requests are `hashed` to their
    host they are tried again at the same one, unless the rule says otherwise.
    """
    policy = policy or RetryPolicy(attempts=DEFAULT_ATTEMPTS)
    if policy.attempts <= 0:
        return None
    asked = [name.strip() for name in (policy.retry_on or DEFAULT_RETRY_ON).split(",") if name.strip()]
    codes = [int(name) for name in asked if name.isdigit()]
    names = [name for name in asked if not name.isdigit()]
    if codes and "retriable-status-codes" not in names:
        names.append("retriable-status-codes")
    made: dict[str, Any] = {"retry_on": ",".join(names), "num_retries": uint32(policy.attempts)}
    if codes:
        made["retriable_status_codes"] = codes
    if policy.per_try_timeout:
        made["per_try_timeout"] = duration(policy.per_try_timeout)
    if policy.backoff:
        made["retry_back_off"] = {"base_interval": duration(policy.backoff)}
    if policy.ignore_previous_hosts is True or (policy.ignore_previous_hosts is None and not hashed):
        predicate = extension("envoy.retry_host_predicates.previous_hosts", previous_hosts_pb2.PreviousHostsPredicate())
        made["retry_host_predicate"] = [predicate]
        made["host_selection_retry_max_attempts"] = _HOST_ATTEMPTS
    if policy.remote_localities:
        priorities = previous_priorities_pb2.PreviousPrioritiesConfig(update_frequency=_FAILURES_IN_A_LOCALITY)
        made["retry_priority"] = extension("envoy.retry_priorities.previous_priorities", priorities)
    return made


DEFAULT_RETRY = retry_policy(None)
