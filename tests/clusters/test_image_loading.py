"""Images on their way from the engine into a node: by name, and for real into a containerd of their own."""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from clusters import image_loading
from clusters.docker import Engine
from clusters.image_layout import chain_ids
from clusters.image_loading import CTR, absent, full_name, load
from clusters.node import recipe
from toolchain.errors import UserError

NODE_REPOSITORIES = (recipe.REPOSITORY, recipe.OFFICIAL_IMAGE.partition(":")[0])
CONTENT = (*CTR[:-1], "content")


@pytest.mark.parametrize(
    ("ref", "full"),
    [
        ("alpine:3", "docker.io/library/alpine:3"),
        ("mesh-stack/shop:1", "docker.io/mesh-stack/shop:1"),
        ("localhost/shop:1", "localhost/shop:1"),
        ("registry.example/team/shop:1", "registry.example/team/shop:1"),
        ("registry:5000/shop:1", "registry:5000/shop:1"),
    ],
)
def test_full_name_is_containerds(ref: str, full: str) -> None:
    assert full_name(ref) == full


def test_absent_keeps_the_order_and_names_each_once() -> None:
    present = ["docker.io/mesh-stack/shop:1", "sha256:0123"]
    wanted = ["mesh-stack/b:1", "mesh-stack/shop:1", "mesh-stack/a:1", "mesh-stack/b:1"]
    assert absent(wanted, present) == ["mesh-stack/b:1", "mesh-stack/a:1"]


@pytest.fixture(scope="module")
def node(engine: Engine) -> Iterator[str]:
    """A container of a node image with containerd and without Kubernetes: nobody's cluster is touched."""
    known = [line.split() for line in engine.docker("images", "--format", "{{.Repository}} {{.ID}}").splitlines()]
    image = next((id_ for repository, id_ in known if repository in NODE_REPOSITORIES), None)
    if image is None:
        pytest.skip("the container engine has no node image")
    name = f"test-loading-{uuid.uuid4().hex[:8]}"
    where = ["--name", name, "--network", "none", "--tmpfs", "/run", "--volume", "/var"]
    engine.docker("run", "--detach", "--privileged", *where, "--entrypoint", "containerd", image)
    try:
        deadline = time.monotonic() + 20
        while engine.try_docker("exec", name, *CTR, "list", "--quiet") is None and time.monotonic() < deadline:
            time.sleep(0.1)
        yield name
    finally:
        engine.docker("rm", "--force", "--volumes", name)


@pytest.fixture
def images(engine: Engine, tmp_path: Path) -> Iterator[list[str]]:
    """Two images, the second on top of the first."""
    tag = uuid.uuid4().hex[:8]
    below, above = f"test-loading/below:{tag}", f"test-loading/above:{tag}"
    for ref, base in ((below, "scratch"), (above, below)):
        (tmp_path / "content").write_text(ref)
        (tmp_path / "Dockerfile").write_text(f"FROM {base}\nCOPY content /{ref.partition(':')[0]}\n")
        engine.docker("build", "--quiet", "--tag", ref, tmp_path)
    yield [below, above]
    engine.docker("rmi", "--force", above, below)


@pytest.fixture
def sendings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by the node's name whenever something is sent to it."""
    began: list[str] = []

    def counted(engine: Engine, node: str, source: int | IO[bytes]) -> subprocess.Popen[bytes]:
        began.append(node)
        return importer(engine, node, source)

    importer = image_loading._importer
    monkeypatch.setattr(image_loading, "_importer", counted)
    return began


def test_second_image_travels_without_the_layers_of_the_first(
    engine: Engine, node: str, images: list[str], sendings: list[str]
) -> None:
    below, above = images
    load(engine, node, [below])
    base_layer = engine.docker("inspect", "--format", "{{index .RootFS.Layers 0}}", below).strip()
    if base_layer in blobs(engine, node):  # containerd itself drops what it has unpacked, now or later
        engine.docker("exec", node, *CONTENT, "rm", base_layer)
    before = blobs(engine, node)
    load(engine, node, [above])
    assert base_layer not in blobs(engine, node)
    assert len(blobs(engine, node) - before) == 3, "its own layer, configuration and manifest"
    assert files_in(engine, node, above) == ["above", "below"]
    assert sendings == [node, node]


def test_images_that_are_there_are_not_sent_again(
    engine: Engine, node: str, images: list[str], sendings: list[str]
) -> None:
    load(engine, node, images)
    load(engine, node, images)
    assert sendings == [node]


def test_everything_is_sent_where_part_of_it_does_not_do(
    engine: Engine, node: str, images: list[str], sendings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_loading, "committed", lambda listing: frozenset(chain(engine, images[1])))
    load(engine, node, images)
    assert sendings == [node, node]
    assert files_in(engine, node, images[1]) == ["above", "below"]


def test_success_is_what_the_node_has_then_and_not_what_ctr_says(
    engine: Engine, node: str, images: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = iter([("cat",), (*CTR, "import", "-")])

    def deaf_at_first(engine: Engine, node: str, source: int | IO[bytes]) -> subprocess.Popen[bytes]:
        words = ["exec", "--interactive", node, *next(programs)]
        return engine.popen(*words, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    monkeypatch.setattr(image_loading, "_importer", deaf_at_first)
    load(engine, node, images)
    assert files_in(engine, node, images[1]) == ["above", "below"]


def test_image_the_engine_lacks_is_one_clear_line(engine: Engine, node: str) -> None:
    with pytest.raises(UserError, match=r"^the engine could not save test-loading/none:1: [^\n]+$"):
        load(engine, node, ["test-loading/none:1"])


def blobs(engine: Engine, node: str) -> set[str]:
    return set(engine.docker("exec", node, *CONTENT, "list", "--quiet").split())


def chain(engine: Engine, ref: str) -> list[str]:
    return list(chain_ids(engine.docker("inspect", "--format", '{{join .RootFS.Layers " "}}', ref).split()))


def files_in(engine: Engine, node: str, ref: str) -> list[str]:
    """Names in the folder of an image's file system where the test images put theirs."""
    mount = f"{' '.join(CTR)} mount {full_name(ref)} /mnt >/dev/null && ls /mnt/test-loading; umount /mnt"
    return engine.docker("exec", node, "sh", "-c", mount).split()
