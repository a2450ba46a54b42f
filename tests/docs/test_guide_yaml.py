"""Every YAML block of the documentation is what it says: valid, let in with a warning, or refused in those words."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import pytest
import yaml

from mesh_stack.components.control_plane_webhooks import VALIDATED_GROUPS
from meshd.inject.mutation import answer_injection
from meshd.inject.review import read_request
from meshd.inject.settings import InjectSettings
from meshd.inject.validation import answer_validation
from tests.docs.pages import PAGES, Block, blocks

DENIED = 'admission webhook "{}" denied the request: '
VALIDATOR, INJECTOR = "validator.mesh-stack.io", "namespace.injector.mesh-stack.io"
NAMESPACE = "shop"


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


def answers(item: dict[str, Any]) -> Iterator[str]:
    """What the webhooks say to one object, as `kubectl` shows it."""
    item = {**item, "metadata": {"namespace": NAMESPACE, **item["metadata"]}}
    review = {
        "request": {"uid": "1", "operation": "CREATE", "namespace": item["metadata"]["namespace"], "object": item}
    }
    request = read_request(json.dumps(review).encode())
    if item["apiVersion"].partition("/")[0] in VALIDATED_GROUPS:
        name, response = VALIDATOR, answer_validation(request, lambda _: ())["response"]
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
    assert "".join(said for item in items for said in answers(item)) == answer, str(block)


def test_the_guide_quotes_a_refusal_of_each_webhook_and_a_warning() -> None:
    quoted = [answer for _, answer in examples() if answer]
    for beginning in (DENIED.format(VALIDATOR), DENIED.format(INJECTOR), "Warning: "):
        assert any(answer.startswith(beginning) for answer in quoted)


def test_a_pod_without_mistakes_is_injected() -> None:
    """The answers above come from the real injector: it does inject."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}}
    review = {"request": {"uid": "1", "operation": "CREATE", "namespace": NAMESPACE, "object": pod}}
    response = answer_injection(read_request(json.dumps(review).encode()), "root", InjectSettings("proxy"))["response"]
    assert "istio-proxy" in base64.b64decode(response["patch"]).decode()
