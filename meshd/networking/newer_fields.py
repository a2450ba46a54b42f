"""Fields that proxies know and the protos here do not yet, put into a message as they stand on the wire.

https://protobuf.dev/programming-guides/encoding/
"""

from typing import TypeVar

from google.protobuf.message import Message

M = TypeVar("M", bound=Message)

BUDGET_INTERVAL = 3
"""Of envoy.config.cluster.v3.CircuitBreakers.Thresholds.RetryBudget: a Duration."""
NO_CONTEXT_PROPAGATION = 13
"""Of envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing: a bool."""

_VARINT, _LENGTH_DELIMITED = 0, 2
_TRUE = b"\x01"


def with_true(message: M, number: int) -> M:
    """Set a bool; `number` is below 16."""
    message.MergeFromString(_tag(number, _VARINT) + _TRUE)
    return message


def with_message(message: M, number: int, value: Message) -> M:
    """Set a message of less than 128 bytes; `number` is below 16."""
    content = value.SerializeToString(deterministic=True)
    message.MergeFromString(_tag(number, _LENGTH_DELIMITED) + bytes([len(content)]) + content)
    return message


def _tag(number: int, wire_type: int) -> bytes:
    return bytes([number << 3 | wire_type])
