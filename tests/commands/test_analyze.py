"""Objects are judged before they are applied, with and without the cluster."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import commands.__main__ as entry
from commands import analyze
from meshd.model.mesh import MeshConfig
from tests.docs.pages import REPOSITORY
from tests.meshd.networking.mesh_of import MESHES
from toolchain.errors import UserError

Json = dict[str, Any]
Judge = Callable[..., tuple[int, list[str]]]

REVIEWS = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop}
spec: {hosts: [reviews], http: [{route: [{destination: {host: %s}}]}]}
"""


@pytest.fixture
def cluster() -> list[Json]:
    return [item for item in yaml.safe_load_all((MESHES / "shop.yaml").read_text()) if item]


@pytest.fixture
def judge(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, cluster: list[Json]
) -> Judge:
    """Writes a text to file.yaml and runs the command from its folder; its exit status and lines."""
    monkeypatch.setattr(analyze, "from_cluster", lambda _: cluster)
    monkeypatch.setattr(analyze, "_mesh_config", MeshConfig)
    monkeypatch.chdir(tmp_path)

    def judge_text(text: str, *words: str) -> tuple[int, list[str]]:
        (tmp_path / "file.yaml").write_text(text)
        options = entry._parser().parse_args(["analyze", *words])
        options.folder = tmp_path
        status = analyze.run(options)
        return status, capsys.readouterr().out.splitlines()

    return judge_text


def test_a_file_is_judged_without_a_cluster(judge: Judge) -> None:
    status, lines = judge(REVIEWS % "nobody", "file.yaml")
    assert (status, lines) == (0, ["0 errors, 0 warnings in 1 objects"]), "nobody can tell what is missing"


def test_what_would_be_refused_is_an_error_with_field_and_way_out(judge: Judge) -> None:
    wrong = REVIEWS.replace("route:", "timeout: 10 seconds, route:")
    status, lines = judge(wrong % "reviews", "file.yaml")
    assert status == 1
    assert lines == [
        "error    VirtualService shop/reviews (file.yaml): spec.http[0].timeout: must be a duration such as"
        ' "1.5s", "100ms" or "1h30m" (got "10 seconds")',
        "1 errors, 0 warnings in 1 objects",
    ]


def test_with_the_cluster_what_is_missing_is_told(judge: Judge) -> None:
    status, lines = judge(REVIEWS % "nobody", "file.yaml", "-n", "shop")
    assert status == 0
    assert lines[0].startswith(
        "warning  VirtualService shop/reviews (file.yaml): spec.http.route.destination: there is no service nobody."
    )
    assert judge(REVIEWS % "reviews", "file.yaml", "-n", "shop") == (0, ["0 errors, 0 warnings in 1 objects"])


def test_services_in_the_files_stand_for_the_mesh(judge: Judge) -> None:
    service = """
apiVersion: v1
kind: Service
metadata: {name: nobody, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
"""
    assert len(judge("---".join((service, REVIEWS % "nobody")), "file.yaml")[1]) == 1
    _, lines = judge("---".join((service, REVIEWS % "another")), "file.yaml")
    assert "there is no service another.shop.svc.cluster.local" in lines[0]


def test_the_cluster_alone_is_judged_by_namespace_or_whole(judge: Judge, cluster: list[Json]) -> None:
    cluster += [next(yaml.safe_load_all(REVIEWS % "nobody"))]
    assert "VirtualService shop/reviews: spec.http" in "\n".join(judge("", "-n", "shop")[1])
    assert not [line for line in judge("", "-n", "elsewhere")[1] if "VirtualService" in line]
    assert "VirtualService shop/reviews: spec.http" in "\n".join(judge("", "-A")[1])


def test_an_object_in_a_file_is_as_old_as_the_one_it_replaces(judge: Judge, cluster: list[Json]) -> None:
    for name, age in (("reviews", "2026-01-01T00:00:00Z"), ("rival", "2026-02-02T00:00:00Z")):
        item = next(yaml.safe_load_all(REVIEWS % "reviews"))
        cluster.append({**item, "metadata": {**item["metadata"], "name": name, "creationTimestamp": age}})
    _, lines = judge(REVIEWS % "reviews", "file.yaml", "-n", "shop")
    assert "VirtualService shop/rival has the host" in lines[0]
    assert "VirtualService shop/reviews counts, being older" in lines[0]


def test_objects_that_are_written_twice_or_of_no_known_kind_are_errors(judge: Judge) -> None:
    status, lines = judge("---".join([REVIEWS % "reviews"] * 2), "file.yaml")
    assert status == 1
    assert "metadata.name: it is written 2 times" in lines[0]
    filter_ = REVIEWS.replace("VirtualService", "EnvoyFilter") % "x"
    status, lines = judge(filter_, "file.yaml", "-o", "json")
    (found,) = json.loads("\n".join(lines))
    assert (status, found["severity"], found["object"], found["file"]) == (
        1, "error", "EnvoyFilter shop/reviews", "file.yaml",
    )  # fmt: skip


def test_objects_of_others_are_passed_over(judge: Judge) -> None:
    assert judge("{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}", "file.yaml")[0] == 0
    listed = "{apiVersion: v1, kind: List, metadata: {}, items: [{kind: X, metadata: {name: a}}]}"
    assert judge(listed, "file.yaml") == (0, ["0 errors, 0 warnings in 1 objects"])


@pytest.mark.parametrize(
    ("text", "words", "reason"),
    [
        ("", (), "say what to judge: files, -n NAMESPACE, or -A"),
        ("a: [", ("file.yaml",), "file.yaml is not YAML: "),
        ("a: b", ("file.yaml",), "file.yaml holds something that is no Kubernetes object"),
        ("", ("none.yaml",), "cannot read .*none.yaml: .*No such file"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(judge: Judge, text: str, words: tuple[str, ...], reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        judge(text, *words)


def test_the_examples_are_well(judge: Judge) -> None:
    for path in sorted((REPOSITORY / "examples").rglob("*.yaml")):
        status, lines = judge("", str(path))
        assert (status, lines[:-1]) == (0, []), path
