"""Configuration to proxies: delta ADS. Pure state machines inside, gRPC at the rim.

request -> Subscription (one type) -> Stream (order among types) -> response bytes -> gRPC
change  -> Publisher (engine, scopes) -> the streams that see it

https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
"""
