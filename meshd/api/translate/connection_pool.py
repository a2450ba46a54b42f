"""ConnectionPoolSettings -> ConnectionPool."""

from meshd.api.istio.connection_pool import ConnectionPoolSettings
from meshd.api.translate.names import optional_seconds
from meshd.model.destination import ConnectionPool


def translate_connection_pool(pool: ConnectionPoolSettings) -> ConnectionPool:
    settings: dict[str, object] = {}
    if pool.tcp is not None:
        keepalive = pool.tcp.tcp_keepalive
        settings |= {
            "max_connections": pool.tcp.max_connections,
            "connect_timeout": optional_seconds(pool.tcp.connect_timeout),
            "max_connection_duration": optional_seconds(pool.tcp.max_connection_duration),
            "tcp_idle_timeout": _said(pool.tcp.idle_timeout),
        }
        if keepalive is not None:
            times = (optional_seconds(keepalive.time), optional_seconds(keepalive.interval))
            settings["tcp_keepalive"] = (keepalive.probes, *times)
    if pool.http is not None:
        ping = pool.http.http2_keep_alive
        settings |= {
            "http1_max_pending_requests": pool.http.http1_max_pending_requests,
            "http2_max_requests": pool.http.http2_max_requests,
            "max_requests_per_connection": pool.http.max_requests_per_connection,
            "max_retries": pool.http.max_retries,
            "idle_timeout": _said(pool.http.idle_timeout),
            "max_concurrent_streams": pool.http.max_concurrent_streams,
            "upgrade_to_http2": pool.http.h2_upgrade_policy == "UPGRADE",
            "use_client_protocol": pool.http.use_client_protocol,
            "http2_keepalive": (optional_seconds(ping.interval), optional_seconds(ping.timeout)) if ping else None,
        }
    return ConnectionPool(**settings)  # type: ignore[arg-type]


def _said(duration: str | None) -> float | None:
    return None if duration is None else optional_seconds(duration)
