"""What the guide says of statuses and tools is what they say."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from commands import analyze, proxy_config
from commands.__main__ import _parser
from mesh_stack.components.control_plane import NAMESPACE
from meshd.runtime.kubernetes_lease import NAME
from meshd.runtime.settings import Settings
from meshd.runtime.status import condition, verdict
from tests.docs.pages import DOCS, blocks, section

GUIDE = DOCS / "guide.md"
STATUSES, JUDGED, PROXIES = "Statuses of objects", "Judge objects before they are applied", "See what proxies have"

RATINGS = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ratings, namespace: shop}
spec: {hosts: [ratings], http: [{timeout: 10 seconds, route: [{destination: {host: ratings}}]}]}
"""


def cells(text: str, header: str) -> list[str]:
    table = text.partition(f"| {header} | |\n")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def test_conditions_and_reasons_are_those_that_are_written() -> None:
    text = section(GUIDE, STATUSES)
    assert set(cells(text, "condition")) == condition.OURS
    words = (verdict.WAITING, verdict.REFUSED, verdict.LATE, verdict.NO_PROXIES, verdict.INVALID, verdict.NO_EFFECT)
    assert set(cells(text, "reason")) == {condition.APPLIED, *words}
    assert f"Lease `{NAME}` in `{NAMESPACE}`" in " ".join(text.split())
    assert f"--for=condition={condition.RECONCILED}" in text


def test_statuses_can_be_turned_off_as_said() -> None:
    assert "`writeStatus: false`" in section(GUIDE, STATUSES)
    assert "writeStatus" in {field.encode_name for field in msgspec.structs.fields(Settings)}


def test_analyze_says_what_is_quoted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (quoted,) = [b for b in blocks(GUIDE, "console") if "./mesh analyze" in b.text]
    command, *expected = quoted.text.splitlines()
    (tmp_path / "routes.yaml").write_text(RATINGS)
    options = _parser().parse_args(command.removeprefix("$ ./mesh ").split())
    options.folder = tmp_path
    assert analyze.run(options) == 1
    assert capsys.readouterr().out.splitlines() == expected


def test_proxy_config_has_the_types_that_are_named() -> None:
    text = section(GUIDE, PROXIES)
    for name in proxy_config.TYPES:
        assert f"`{name}`" in text, name
