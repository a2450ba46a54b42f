"""What an object says changes what proxies are told, or its author is told that it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from meshd.api import DecodeError, decode
from meshd.api.validate import validate
from meshd.networking.advice import advice
from meshd.networking.engine import Engine
from tests.meshd.networking.fuzz.spots import Spot, spots
from tests.meshd.networking.fuzz.values import value_of
from tests.meshd.networking.mesh_of import MESHES, changes_of, engine_of, proxy_of, seen
from tests.meshd.networking.test_features import FEATURES, in_mesh

HERE = Path(__file__).parent
SHOP = (MESHES / "shop.yaml").read_text()
SECRETS = next(path for path in FEATURES if path.stem == "gateway-tls").read_text()
OBJECTS: list[dict[str, Any]] = [
    *yaml.safe_load_all((HERE / "bases.yaml").read_text()),
    *(each for each in yaml.safe_load_all(SECRETS) if each["kind"] == "Secret"),
]
SPOTS = spots(OBJECTS)

SAYS_THE_DEFAULT: dict[str, tuple[object, ...]] = {
    "bind": ("0.0.0.0",),
    "captureMode": ("IPTABLES",),
    "disableContextPropagation": (False,),
    "disableSpanReporting": (False,),
    "disabled": (False,),
    "enableIstioTags": (True,),
    "gateways": (["mesh"],),
    "h2UpgradePolicy": ("DEFAULT", "DO_NOT_UPGRADE"),
    "httpsRedirect": (False,),
    "insecureSkipVerify": (False,),
    "match": ({"mode": "CLIENT_AND_SERVER"},),
    "minProtocolVersion": ("TLSV1_2",),
    "outboundTrafficPolicy": ({"mode": "ALLOW_ANY"},),
    "simple": ("UNSPECIFIED", "LEAST_REQUEST", "LEAST_CONN"),
    "sourceNamespace": ("shop",),
    "useRequestIdForTraceSampling": (True,),
    "weight": (1,),
}
"""What is so anyhow, by field."""
OF_OTHER_VERSIONS = ("maxConcurrentStreams", "http2KeepAlive", "useClientProtocol")
"""Of HTTP/2, which nobody speaks here."""


def told(engine: Engine) -> dict[str, dict[tuple[str, str], bytes]]:
    """What each proxy is given, byte for byte: {workload: {(type, name): resource}}."""
    return {workload: seen(engine, proxy_of(engine, workload)) for workload in in_mesh(engine)}


def mesh(objects: list[dict[str, Any]]) -> Engine:
    return engine_of("\n---\n".join([SHOP, *map(yaml.safe_dump, objects)]))


BEFORE = told(mesh(OBJECTS))


# Nearly the same examples every time: what a new one finds is for whoever looks for it, not for who changes something
# else. Nearly, for Hypothesis also tries constants of the modules that are loaded.
@settings(max_examples=250, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(spot=st.sampled_from(SPOTS), data=st.data())
def test_nothing_accepted_is_ignored(spot: Spot, data: st.DataObject) -> None:
    value = data.draw(value_of(spot.field), label=spot.place)
    assume(not says_the_default(spot.field.encode_name, value))
    written = OBJECTS[spot.number]
    filled = spot.filled(written, value)
    try:
        decoded = decode(filled)
    except DecodeError:
        return
    verdict = validate(decoded)
    if decoded.spec == decode(written).spec or verdict.errors or verdict.warnings:
        return
    engine = mesh([*OBJECTS[: spot.number], filled, *OBJECTS[spot.number + 1 :]])
    rows = [row for _, _, row in changes_of(yaml.safe_dump(filled))[1:]]
    advised = [text for row in rows for text in advice(engine.store, row)]
    effective = told(engine) != BEFORE
    assert advised or effective, f"{filled['kind']} {spot.place}: {value} does nothing, and nobody says so"


def says_the_default(name: str, value: Any) -> bool:
    """Whether it, or all that it holds, is what holds anyhow."""
    if name in OF_OTHER_VERSIONS or (value in SAYS_THE_DEFAULT.get(name, ())):
        return True
    if isinstance(value, list) and value:
        return all(says_the_default("", each) for each in value)
    if not isinstance(value, dict):
        return False
    return value.get("enabled") is False or all(says_the_default(key, each) for key, each in value.items())
