"""Istio's metrics: their names in the API, and in Prometheus after the first word that all of them have in common.

https://istio.io/latest/docs/reference/config/metrics/
"""

COUNTED = {
    "REQUEST_COUNT": "requests_total",
    "REQUEST_DURATION": "request_duration_milliseconds",
    "REQUEST_SIZE": "request_bytes",
    "RESPONSE_SIZE": "response_bytes",
    "TCP_OPENED_CONNECTIONS": "tcp_connections_opened_total",
    "TCP_CLOSED_CONNECTIONS": "tcp_connections_closed_total",
    "TCP_SENT_BYTES": "tcp_sent_bytes_total",
    "TCP_RECEIVED_BYTES": "tcp_received_bytes_total",
}
NOT_COUNTED = {
    "GRPC_REQUEST_MESSAGES": "request_messages_total",
    "GRPC_RESPONSE_MESSAGES": "response_messages_total",
}


def custom_metric(name: str) -> str:
    """The same for a `customMetric`."""
    return name.removeprefix("istio_")
