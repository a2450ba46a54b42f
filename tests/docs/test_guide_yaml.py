"""Every YAML block of the documentation is what it says: valid, let in with a warning, or refused in those words."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import yaml

from mesh_stack.components.control_plane_webhooks import VALIDATED_GROUPS
from mesh_stack.components.sample_app import POLICIES
from meshd.api import IstioObject
from meshd.api.istio.message import Message
from meshd.api.translate import translate
from meshd.inject.mutation import answer_injection
from meshd.inject.review import Request, read_request
from meshd.inject.settings import InjectSettings
from meshd.inject.validation import answer_validation
from meshd.model.mesh import MeshConfig
from meshd.model.store import Store
from meshd.networking.advice import advice
from tests.docs.pages import PAGES, REPOSITORY, Block, blocks
from tests.meshd.networking.mesh_of import changes_of

DENIED = 'admission webhook "{}" denied the request: '
VALIDATOR, INJECTOR = "validator.mesh-stack.io", "namespace.injector.mesh-stack.io"
NAMESPACE = "shop"
GATEWAY_POD: dict[str, Any] = {
    "kind": "Pod",
    "metadata": {"name": "gateway", "namespace": "istio-system", "uid": "1", "labels": {"istio": "ingressgateway"}},
    "spec": {"containers": [{"name": "istio-proxy"}]},
    "status": {"podIP": "10.0.0.1"},
}


def examples() -> list[tuple[Block, str]]:
    """(YAML block, what is answered to it: the text block right below, if that is an answer of a webhook)."""
    shown = []
    for page in PAGES:
        found = blocks(page)
        for block, below in zip_longest(found, found[1:]):
            if block.language == "yaml":
                is_answer = below is not None and below.language == "text"
                shown.append((block, below.text if below and is_answer else ""))
    return shown


def the_shop() -> Store:
    """The mesh in which the examples are applied: the shop's services, its policies and the gateway's pod."""
    store = Store()
    manifests = sorted((REPOSITORY / "sample_app" / "manifests").glob("*.yaml"))
    for path in (*manifests, *(REPOSITORY / "examples" / "shop" / name for name in POLICIES)):
        for item in yaml.safe_load_all(path.read_text()):
            if path.parent.name == "shop" or item["kind"] == "Service":
                put(store, item)
    put(store, GATEWAY_POD)
    return store


def put(store: Store, item: dict[str, Any]) -> None:
    store.apply(changes_of(yaml.safe_dump(placed(item)), MeshConfig()))


def placed(item: dict[str, Any]) -> dict[str, Any]:
    """As `kubectl apply -n shop` makes it."""
    return {**item, "metadata": {"namespace": NAMESPACE, **item["metadata"]}}


def asked(item: dict[str, Any]) -> Request:
    """The API server's question about a new object."""
    request = {"uid": "1", "operation": "CREATE", "namespace": item["metadata"]["namespace"], "object": item}
    return read_request(json.dumps({"request": request}).encode())


def answers(item: dict[str, Any], store: Store) -> Iterator[str]:
    """What the webhooks say to one object, as `kubectl` shows it."""
    item = {**item, "metadata": {"namespace": NAMESPACE, **item["metadata"]}}
    review = {
        "request": {"uid": "1", "operation": "CREATE", "namespace": item["metadata"]["namespace"], "object": item}
    }
    request = read_request(json.dumps(review).encode())

    def advise(one: IstioObject[Message]) -> list[str]:
        return [f"{one}: {line}" for _, _, row in translate(one, MeshConfig()) for line in advice(store, row)]

    if item["apiVersion"].partition("/")[0] in VALIDATED_GROUPS:
        name, response = VALIDATOR, answer_validation(request, advise)["response"]
        if response["allowed"]:
            put(store, item)
    elif item["kind"] == "Pod":
        name, response = INJECTOR, answer_injection(request, "root", InjectSettings("proxy"))["response"]
    else:
        return
    for warning in response.get("warnings", ()):
        yield f"Warning: {warning}\n"
    if not response["allowed"]:
        yield f"{DENIED.format(name)}{response['status']['message']}\n"


@pytest.mark.parametrize(("block", "answer"), [pytest.param(*shown, id=str(shown[0])) for shown in examples()])
def test_webhooks_answer_as_shown(block: Block, answer: str) -> None:
    items = list(yaml.safe_load_all(block.text))
    assert items
    store = the_shop()
    assert "".join(said for item in items for said in answers(item, store)) == answer, str(block)


@pytest.mark.parametrize("path", sorted((REPOSITORY / "examples").rglob("*.yaml")), ids=lambda path: str(path.stem))
def test_examples_are_let_in_without_a_word(path: Path) -> None:
    store = the_shop()
    assert not [said for item in yaml.safe_load_all(path.read_text()) for said in answers(item, store)]


def test_the_guide_quotes_a_refusal_of_each_webhook_and_a_warning() -> None:
    quoted = [answer for _, answer in examples() if answer]
    for beginning in (DENIED.format(VALIDATOR), DENIED.format(INJECTOR), "Warning: "):
        assert any(answer.startswith(beginning) for answer in quoted)


def test_a_pod_without_mistakes_is_injected() -> None:
    """The refusal above comes from the real injector: it does inject."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}}
    response = answer_injection(asked(placed(pod)), "root", InjectSettings("proxy"))["response"]
    assert "istio-proxy" in base64.b64decode(response["patch"]).decode()
