"""Images without the layers a node has: from archives as docker writes them to what containerd is sent."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Sequence
from typing import Any

import pytest

from clusters.image_layout import NAME, chain_ids, committed, digest, saved_images, write_layout
from clusters.image_loading import full_name

BASE, PACKAGES, CODE = (b"base" * 300, b"packages" * 200, b"code" * 100)

# Two of the snapshots of a real node; containers have snapshots of their own on top, which are no layers.
SNAPSHOTS = """\
KEY                     PARENT          KIND
03c6d78234b15e90        sha256:892ae35  Active
sha256:05ffa1926ed24e6a sha256:c112ef8  Committed
sha256:c112ef8                          Committed
extract-123-abc sha256:c112ef8 sha256:05ffa1926ed24e6a Active
"""


def configuration(layers: Sequence[bytes]) -> bytes:
    return json.dumps({"os": "linux", "rootfs": {"type": "layers", "diff_ids": list(map(digest, layers))}}).encode()


def archive(files: dict[str, bytes], links: dict[str, str] | None = None) -> tarfile.TarFile:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    content.seek(0)
    return tarfile.open(fileobj=content)


def engine_20() -> tarfile.TarFile:
    """As an engine of version 20 saves a shop and a meshd on one base: a folder per layer, links for what it has."""
    shop, meshd = configuration([BASE, CODE]), configuration([BASE, PACKAGES, CODE])
    entries = [
        {"Config": "s.json", "RepoTags": ["mesh-stack/shop:1"], "Layers": ["b/layer.tar", "s/layer.tar"]},
        {
            "Config": "m.json",
            "RepoTags": ["r.example/meshd:1"],
            "Layers": ["b/layer.tar", "p/layer.tar", "m/layer.tar"],
        },
    ]
    files = {"b/layer.tar": BASE, "p/layer.tar": PACKAGES, "m/layer.tar": CODE, "s.json": shop, "m.json": meshd}
    links = {"s/layer.tar": "../m/layer.tar"}
    return archive({**files, "manifest.json": json.dumps(entries).encode()}, links)


def engine_25() -> tarfile.TarFile:
    """As newer ones do: blobs named by digest."""
    config = configuration([BASE, CODE])
    blobs = {f"blobs/{digest(blob).replace(':', '/')}": blob for blob in (BASE, CODE, config)}
    base, code, described = blobs
    entry = {"Config": described, "RepoTags": ["mesh-stack/shop:1"], "Layers": [base, code]}
    return archive({**blobs, "manifest.json": json.dumps([entry]).encode()})


def sent(source: tarfile.TarFile, present: Sequence[str] = ()) -> dict[str, bytes]:
    """Files of the layout made of an archive."""
    target = io.BytesIO()
    write_layout(source, saved_images(source, full_name), present, target)
    target.seek(0)
    with tarfile.open(fileobj=target) as layout:
        files = [(member.name, layout.extractfile(member)) for member in layout]
        names = [name for name, _ in files]
        assert len(names) == len(set(names)), "a file is sent twice"
        return {name: file.read() for name, file in files if file}


def blob(files: dict[str, bytes], descriptor: dict[str, Any]) -> bytes:
    content = files[f"blobs/{descriptor['digest'].replace(':', '/')}"]
    assert digest(content) == descriptor["digest"]
    assert len(content) == descriptor["size"]
    return content


def manifests(files: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    """Manifest by image name, once every descriptor on the way to it holds."""
    index = json.loads(files["index.json"])
    return {entry["annotations"][NAME]: json.loads(blob(files, entry)) for entry in index["manifests"]}


@pytest.mark.parametrize("source", [engine_20, engine_25])
def test_node_that_has_nothing_is_sent_everything(source: Any) -> None:
    files = sent(source())
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    shop = manifests(files)["docker.io/mesh-stack/shop:1"]
    assert [blob(files, layer) for layer in shop["layers"]] == [BASE, CODE]
    assert json.loads(blob(files, shop["config"]))["rootfs"]["diff_ids"] == [digest(BASE), digest(CODE)]


@pytest.mark.parametrize("source", [engine_20, engine_25])
def test_layers_the_node_has_are_named_but_not_sent(source: Any) -> None:
    files = sent(source(), present=[digest(BASE)])
    shop = manifests(files)["docker.io/mesh-stack/shop:1"]
    assert [layer["digest"] for layer in shop["layers"]] == [digest(BASE), digest(CODE)]
    assert [layer["size"] for layer in shop["layers"]] == [len(BASE), len(CODE)]
    assert BASE not in files.values()
    assert CODE in files.values()


def test_images_share_the_layers_that_are_sent() -> None:
    files = sent(engine_20())
    meshd = manifests(files)["r.example/meshd:1"]
    assert [blob(files, layer) for layer in meshd["layers"]] == [BASE, PACKAGES, CODE]
    assert len(files) == 2 + 3 + 2 * 2, "layout and index, three layers, two configurations and two manifests"


def test_layer_is_known_only_on_what_lies_below_it() -> None:
    """The same code lies on the base in one image and on the packages in the other."""
    on_base = list(chain_ids([digest(BASE), digest(CODE)]))
    files = sent(engine_20(), present=on_base)
    assert BASE not in files.values()
    assert PACKAGES in files.values()
    assert CODE in files.values()


def test_chain_ids_are_those_of_the_specification() -> None:
    first, second, third = (digest(layer) for layer in (BASE, PACKAGES, CODE))
    two = "sha256:" + hashlib.sha256(f"{first} {second}".encode()).hexdigest()
    three = "sha256:" + hashlib.sha256(f"{two} {third}".encode()).hexdigest()
    assert list(chain_ids([first, second, third])) == [first, two, three]


def test_committed_snapshots_are_layers_and_others_are_not() -> None:
    assert committed(SNAPSHOTS) == {"sha256:05ffa1926ed24e6a", "sha256:c112ef8"}


def test_image_is_unpacked_when_its_topmost_layer_is() -> None:
    shop, meshd = saved_images(engine_20(), full_name)
    present = [*chain_ids([digest(BASE), digest(CODE)])]
    assert shop.unpacked(present)
    assert not meshd.unpacked(present)


@pytest.mark.parametrize(
    "entry",
    [
        {"Config": "absent.json", "RepoTags": ["a:1"], "Layers": []},
        {"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["one.tar"]},
        {"RepoTags": ["a:1"]},
    ],
)
def test_archive_of_another_form_is_refused(entry: dict[str, Any]) -> None:
    files = {"manifest.json": json.dumps([entry]).encode(), "c.json": configuration([BASE, CODE])}
    with pytest.raises((KeyError, ValueError)):
        saved_images(archive(files), full_name)
