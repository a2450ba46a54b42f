"""Which pages of other origins may use a route: the per-route settings of Envoy's CORS filter."""

from typing import Any

from envoy.extensions.filters.http.cors.v3 import cors_pb2

from meshd.model.route import Cors
from meshd.networking.proto import any_of, boolean
from meshd.networking.routes.values import string_matcher

CORS_FILTER = "envoy.filters.http.cors"


def cors_config(cors: Cors) -> dict[str, Any]:
    """typed_per_filter_config of a route.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#CorsPolicy
    """
    config = cors_pb2.CorsPolicy(
        allow_origin_string_match=[string_matcher(origin) for origin in cors.allow_origins],
        allow_methods=",".join(cors.allow_methods),
        allow_headers=",".join(cors.allow_headers),
        expose_headers=",".join(cors.expose_headers),
        max_age=str(round(cors.max_age)) if cors.max_age else "",
    )
    if cors.allow_credentials is not None:
        config.allow_credentials.CopyFrom(boolean(cors.allow_credentials))
    if cors.forward_unmatched_preflights is not None:
        config.forward_not_matching_preflights.CopyFrom(boolean(cors.forward_unmatched_preflights))
    return {CORS_FILTER: any_of(config)}
