"""Injected delays and errors, as the per-route settings of Envoy's fault filter."""

from typing import Any

from envoy.extensions.filters.http.fault.v3 import fault_pb2

from meshd.model.route import Fault
from meshd.networking.proto import any_of, duration, fraction

FAULT_FILTER = "envoy.filters.http.fault"

_GRPC_CODES = {
    name: code
    for code, name in enumerate(
        (
            "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
            "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
            "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
        )
    )
}  # fmt: skip


def fault_config(fault: Fault) -> dict[str, Any]:
    """typed_per_filter_config of a route."""
    config = fault_pb2.HTTPFault()
    if fault.delay and fault.delay_percent:
        config.delay.fixed_delay.CopyFrom(duration(fault.delay))
        _set_percentage(config.delay.percentage, fault.delay_percent)
    if fault.abort_percent and (fault.abort_status or fault.abort_grpc_status):
        _set_percentage(config.abort.percentage, fault.abort_percent)
        if fault.abort_status:
            config.abort.http_status = fault.abort_status
        else:
            config.abort.grpc_status = _GRPC_CODES.get(fault.abort_grpc_status.upper(), 2)
    return {FAULT_FILTER: any_of(config)}


def _set_percentage(target: Any, percent: float) -> None:
    share = fraction(percent)
    target.numerator = share["numerator"]
    target.denominator = target.DenominatorType.Value(share["denominator"])
