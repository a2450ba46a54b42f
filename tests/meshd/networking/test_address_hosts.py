"""Hosts of ServiceEntries that are addresses: no two virtual hosts have one in common."""

from typing import Any

from tests.meshd.networking.mesh_of import MESHES, engine_of, resources_of

SHOP = (MESHES / "shop.yaml").read_text()


def entry(name: str, host: str, addresses: str = "[]", port: int = 80) -> str:
    return f"""
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: {name}, namespace: shop}}
spec:
  hosts: ["{host}"]
  addresses: {addresses}
  ports: [{{number: {port}, name: http, protocol: HTTP}}]
"""


def domains(*objects: str, port: int = 80) -> list[str]:
    made: dict[str, Any] = resources_of(engine_of("\n---\n".join((SHOP, *objects))), "shop/frontend-1")["VirtualHost"]
    found = [domain for name, host in made.items() if name.startswith(f"{port}/") for domain in host["domains"]]
    assert len(found) == len(set(found)), found
    return found


def test_an_address_that_is_host_and_address_is_one_domain() -> None:
    assert domains(entry("a", "192.0.2.7", "[192.0.2.7]")).count("192.0.2.7") == 1


def test_of_two_entries_for_an_address_one_has_it() -> None:
    assert "192.0.2.8" in domains(entry("a", "named.test", "[192.0.2.8]"), entry("b", "192.0.2.8"))


def test_a_services_own_address_stays_its_own() -> None:
    made = resources_of(engine_of("\n---\n".join((SHOP, entry("a", "10.96.0.2", port=9080)))), "shop/frontend-1")
    owners = [name for name, host in made["VirtualHost"].items() if "10.96.0.2" in host["domains"]]
    assert owners == ["9080/reviews.shop.svc.cluster.local"]
    domains(entry("a", "10.96.0.2", port=9080), port=9080)
