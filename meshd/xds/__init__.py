"""Configuration to proxies: delta ADS. Pure state machines inside, gRPC at the rim.

gRPC -> admission (who calls) -> Stream (order among types) -> Subscription (one type) -> Search (what is refused)
change -> Publisher (one round) -> Audiences (who sees what) -> the streams that see it -> bytes -> gRPC

https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
"""
