"""Envoy's resources as rows of tables: JSON as the proto's field names have it, in; cells, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from commands.tables import Row

Json = Mapping[str, Any]


def listener(entry: Json) -> list[Row]:
    """Address, port, what a filter chain matches, where it leads to: one row for each chain that differs."""
    resource = entry["resource"]
    address = resource.get("address", {})
    socket = address.get("socket_address", {})
    place = (socket.get("address") or address.get("pipe", {}).get("path", ""), str(socket.get("port_value", "")))
    chains = [*resource.get("filter_chains", ()), *filter(None, [resource.get("default_filter_chain")])]
    rows = ((*place, _chain_match(chain.get("filter_chain_match", {})), _chain_target(chain)) for chain in chains)
    return [*dict.fromkeys(rows)]


def route(entry: Json) -> list[Row]:
    """Route configuration, hosts, match, destination: one row for each route."""
    resource = entry["resource"]
    hosts = resource.get("virtual_hosts", ()) if "domains" not in resource else (resource,)
    name = entry["name"].rpartition("/")[0] if "domains" in resource else entry["name"]
    return [
        (name, _domains(host), route_match(each.get("match", {})), route_target(each))
        for host in hosts
        for each in _routes(host)
    ]


def cluster(entry: Json) -> list[Row]:
    """Service, port, subset, direction, type; a cluster that is no service's has its name alone."""
    kind = str(entry["resource"].get("type") or entry["resource"].get("cluster_type", {}).get("name", "STATIC"))
    parts = entry["name"].split("|")
    if len(parts) != 4:
        return [(entry["name"], "", "", "", kind)]
    direction, port, subset, host = parts
    return [(host, port, subset, direction, kind)]


def endpoint(entry: Json) -> list[Row]:
    """Address, weight, priority, its locality and that locality's weight, cluster: one row for each endpoint."""
    return [
        (_address(each), _weight(each), str(group.get("priority", 0)), _locality(group), _weight(group), entry["name"])
        for group in entry["resource"].get("endpoints", ())
        for each in group.get("lb_endpoints", ())
    ]


def secret(entry: Json) -> list[Row]:
    """Name, kind, identity, end, serial: one row for each certificate."""
    return [
        (
            entry["name"],
            each["kind"],
            each.get("identity") or each.get("file") or each.get("problem", ""),
            each.get("not_after", ""),
            each.get("serial", ""),
        )
        for each in entry["certificates"]
    ]


def _routes(host: Json) -> list[Json]:
    """A host without routes is shown too."""
    return host.get("routes") or [{}]


def route_match(match: Json) -> str:
    """The path, then how many conditions there are besides."""
    kinds = {"prefix": "{}*", "path": "{}", "path_separated_prefix": "{}/*"}
    path = next((text.format(match[kind]) for kind, text in kinds.items() if kind in match), "")
    regex = match.get("safe_regex", {}).get("regex")
    more = [
        f"{word} {each.get('name', '')}" for word in ("headers", "query_parameters") for each in match.get(word, ())
    ]
    return " ".join([path or (f"~ {regex}" if regex else "/*"), *more])


def route_target(each: Json) -> str:
    """Clusters with their weights, or what is answered in their place."""
    action = each.get("route", {})
    if "cluster" in action:
        return str(action["cluster"])
    if "weighted_clusters" in action:
        return ", ".join(_shares(action))
    if "redirect" in each:
        return "redirect"
    return f"answer {each['direct_response'].get('status', '')}" if "direct_response" in each else ""


def _shares(owner: Json) -> list[str]:
    """Weighted clusters of a route's action or a TCP proxy."""
    return [f"{w.get('weight', 0)} {w['name']}" for w in owner.get("weighted_clusters", {}).get("clusters", ())]


def _domains(host: Json) -> str:
    first, *others = host.get("domains", ("",))
    return f"{first} and {len(others)} more" if others else str(first)


def _chain_match(match: Json) -> str:
    parts = [
        *match.get("server_names", ()),
        *(f"{r.get('address_prefix')}/{r.get('prefix_len', 0)}" for r in match.get("prefix_ranges", ())),
        *match.get("application_protocols", ()),
        *filter(None, [match.get("transport_protocol")]),
    ]
    port = match.get("destination_port")
    return " ".join([*([f":{port}"] if port else []), *map(str, parts)]) or "all"


def _chain_target(chain: Json) -> str:
    return ", ".join(dict.fromkeys(_filter_targets(chain.get("filters", ()))))


def _filter_targets(filters: Any) -> Iterator[str]:
    for each in filters:
        config = each.get("typed_config", {})
        if "rds" in config:
            yield f"route {config['rds'].get('route_config_name', '')}"
        for host in config.get("route_config", {}).get("virtual_hosts", ()):
            yield from (route_target(route) for route in host.get("routes", ()))
        if "cluster" in config:
            yield str(config["cluster"])
        yield from _shares(config)


def _address(each: Json) -> str:
    address = each.get("endpoint", {}).get("address", {})
    socket = address.get("socket_address", {})
    if socket:
        return f"{socket['address']}:{socket.get('port_value', 0)}"
    return str(address.get("pipe", {}).get("path", ""))


def _weight(item: Json) -> str:
    return str(item.get("load_balancing_weight", ""))


def _locality(group: Json) -> str:
    locality = group.get("locality", {})
    return "/".join(part for part in (locality.get("region"), locality.get("zone"), locality.get("sub_zone")) if part)
