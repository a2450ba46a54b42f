"""VirtualService -> RouteRules."""

from functools import partial

from meshd.api.istio.http_action import Delegate
from meshd.api.istio.route_match import Destination as IstioDestination
from meshd.api.istio.route_match import HTTPMatchRequest, L4MatchAttributes, TLSMatchAttributes
from meshd.api.istio.selector import StringMatch as IstioStringMatch
from meshd.api.istio.virtual_service import HTTPRoute, RouteDestination, VirtualService
from meshd.api.object import IstioObject
from meshd.api.translate.http_action import (
    translate_cors,
    translate_direct_response,
    translate_fault,
    translate_headers,
    translate_mirrors,
    translate_redirect,
    translate_retries,
    translate_rewrite,
)
from meshd.api.translate.names import created, fqdn, gateway_key, optional_seconds, ref_of
from meshd.api.translate.string_match import named_matches, string_match
from meshd.model.labels import labels_of
from meshd.model.mesh import MeshConfig
from meshd.model.route import (
    MESH_GATEWAY,
    Destination,
    HttpMatch,
    HttpRoute,
    L4Match,
    L4Route,
    RouteRules,
    StringMatch,
    WeightedDestination,
)


def translate_virtual_service(istio_object: IstioObject[VirtualService], mesh: MeshConfig) -> RouteRules:
    spec, namespace = istio_object.spec, istio_object.metadata.namespace
    destination = partial(translate_destination, namespace=namespace, mesh=mesh)

    def http_route(route: HTTPRoute) -> HttpRoute:
        weighted = tuple(
            WeightedDestination(destination(d.destination), d.weight, translate_headers(d.headers)) for d in route.route
        )
        return HttpRoute(
            name=route.name,
            matches=tuple(_http_match(match, namespace) for match in route.match),
            destinations=_carrying(weighted),
            redirect=translate_redirect(route.redirect),
            direct_response=translate_direct_response(route.direct_response),
            rewrite=translate_rewrite(route.rewrite),
            timeout=optional_seconds(route.timeout) if route.timeout is not None else None,
            retries=translate_retries(route.retries),
            fault=translate_fault(route.fault),
            mirrors=translate_mirrors(route, destination),
            cors=translate_cors(route.cors_policy),
            headers=translate_headers(route.headers),
            delegate=_delegate_key(route.delegate, namespace),
        )

    def l4_destinations(routes: tuple[RouteDestination, ...]) -> tuple[WeightedDestination, ...]:
        return _carrying(tuple(WeightedDestination(destination(r.destination), r.weight) for r in routes))

    return RouteRules(
        ref=ref_of(istio_object),
        hosts=tuple(fqdn(host, namespace, mesh) for host in spec.hosts),
        gateways=tuple(gateway_key(name, namespace) for name in spec.gateways) or (MESH_GATEWAY,),
        http=tuple(http_route(route) for route in spec.http),
        tls=tuple(L4Route(tuple(_l4_match(m, namespace) for m in r.match), l4_destinations(r.route)) for r in spec.tls),
        tcp=tuple(L4Route(tuple(_l4_match(m, namespace) for m in r.match), l4_destinations(r.route)) for r in spec.tcp),
        export_to=spec.export_to or ("*",),
        created=created(istio_object),
    )


def _delegate_key(delegate: Delegate | None, namespace: str) -> str:
    """ "namespace/name"; "" for a route that is complete by itself."""
    return f"{delegate.namespace or namespace}/{delegate.name}" if delegate else ""


def translate_destination(destination: IstioDestination, namespace: str, mesh: MeshConfig) -> Destination:
    port = destination.port.number if destination.port else 0
    return Destination(fqdn(destination.host, namespace, mesh), destination.subset, port)


def _carrying(destinations: tuple[WeightedDestination, ...]) -> tuple[WeightedDestination, ...]:
    """Of several destinations only those with a weight get requests; a single one gets them all."""
    return destinations if len(destinations) < 2 else tuple(d for d in destinations if d.weight > 0)


def _http_match(match: HTTPMatchRequest, namespace: str) -> HttpMatch:
    def optional(value: IstioStringMatch | None) -> StringMatch | None:
        return string_match(value) if value is not None else None

    return HttpMatch(
        uri=optional(match.uri),
        ignore_uri_case=match.ignore_uri_case,
        scheme=optional(match.scheme),
        method=optional(match.method),
        authority=optional(match.authority),
        headers=named_matches(match.headers, lower=True),
        without_headers=named_matches(match.without_headers, lower=True),
        query_params=named_matches(match.query_params),
        port=match.port,
        gateways=tuple(gateway_key(name, namespace) for name in match.gateways),
        source_labels=labels_of(match.source_labels),
        source_namespace=match.source_namespace,
        name=match.name,
        stat_prefix=match.stat_prefix,
    )


def _l4_match(match: L4MatchAttributes | TLSMatchAttributes, namespace: str) -> L4Match:
    return L4Match(
        port=match.port,
        destination_subnets=match.destination_subnets,
        sni_hosts=match.sni_hosts if isinstance(match, TLSMatchAttributes) else (),
        gateways=tuple(gateway_key(name, namespace) for name in match.gateways),
        source_labels=labels_of(match.source_labels),
        source_namespace=match.source_namespace,
        source_subnet=match.source_subnet if isinstance(match, L4MatchAttributes) else "",
    )
