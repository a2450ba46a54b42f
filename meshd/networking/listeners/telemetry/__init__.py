"""What proxies report of the traffic: labels and metrics, access logs, spans.

Telemetry objects -> `attached` to a workload, widest first -> `merged` for one side of its traffic -> `reporter`, from
which listeners take their access loggers and their tracing.
"""
