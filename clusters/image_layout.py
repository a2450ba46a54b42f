"""Turns what `docker save` writes into an OCI image layout that lacks the layers a node has unpacked already.

containerd needs a layer's bytes only to unpack it. It knows what it has unpacked by chain id, which depends on
a layer and all below it, so a new image on a known base costs no more than what is new in it.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar"
NAME = "io.containerd.image.name"  # annotation by which containerd names what it imports


@dataclass(frozen=True)
class Layer:
    """`path` in the archive; `diff_id` the digest of its tar file; `chain_id` that of it on the layers below."""

    path: str
    diff_id: str
    chain_id: str


@dataclass(frozen=True)
class SavedImage:
    """An image in an archive: its full names, its configuration's bytes, its layers from the lowest up."""

    names: tuple[str, ...]
    config: bytes
    layers: tuple[Layer, ...]

    def unpacked(self, present: Collection[str]) -> bool:
        """Whether the chain ids `present` are all that it takes to run it."""
        return not self.layers or self.layers[-1].chain_id in present


def saved_images(archive: tarfile.TarFile, full_name: Callable[[str], str]) -> list[SavedImage]:
    """The images of an archive. `full_name` makes a name in it one that containerd keeps.

    Raises KeyError or ValueError for an archive of another form than `docker save` is known to write.
    """
    images = []
    for entry in json.loads(_content(archive, "manifest.json")):
        config = _content(archive, entry["Config"])
        diff_ids = json.loads(config)["rootfs"]["diff_ids"]
        described = zip(entry["Layers"], diff_ids, chain_ids(diff_ids), strict=True)
        layers = (Layer(*words) for words in described)
        images.append(SavedImage(tuple(map(full_name, entry["RepoTags"] or ())), config, tuple(layers)))
    return images


def chain_ids(diff_ids: Sequence[str]) -> Iterator[str]:
    """The name of each layer together with all below it, as OCI's image specification defines it."""
    chain = ""
    for diff_id in diff_ids:
        chain = digest(f"{chain} {diff_id}".encode()) if chain else diff_id
        yield chain


def committed(listing: str) -> frozenset[str]:
    """Chain ids of unpacked layers in the text of `ctr snapshots list`: columns are key, parent, kind."""
    rows = (line.split() for line in listing.splitlines())
    return frozenset(row[0] for row in rows if len(row) > 1 and row[-1] == "Committed")


def write_layout(
    archive: tarfile.TarFile, images: Sequence[SavedImage], present: Collection[str], target: IO[bytes]
) -> None:
    """Write `images` to `target` as a tar file of an OCI layout, without layers whose chain ids are `present`."""
    written: set[str] = set()
    with tarfile.open(fileobj=target, mode="w|") as layout:
        _add(layout, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        manifests = []
        for image in images:
            for layer in image.layers:
                if layer.chain_id not in present and layer.diff_id not in written:
                    written.add(layer.diff_id)
                    _copy(layout, archive, layer)
            manifest = json.dumps(_manifest(archive, image)).encode()
            for blob in (image.config, manifest):
                _add(layout, _blob(digest(blob)), blob)
            found = _descriptor(MANIFEST, manifest)
            manifests += [{**found, "annotations": {NAME: name}} for name in image.names]
        _add(layout, "index.json", json.dumps({"schemaVersion": 2, "manifests": manifests}).encode())


def digest(content: bytes) -> str:
    """`sha256:` and hex digits."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _manifest(archive: tarfile.TarFile, image: SavedImage) -> dict[str, Any]:
    """Names all layers, those left out too."""
    layers = [
        {"mediaType": LAYER, "digest": layer.diff_id, "size": _file(archive, layer.path)[1]} for layer in image.layers
    ]
    config = _descriptor(CONFIG, image.config)
    return {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest(content), "size": len(content)}


def _blob(name: str) -> str:
    return f"blobs/{name.replace(':', '/')}"


def _copy(layout: tarfile.TarFile, archive: tarfile.TarFile, layer: Layer) -> None:
    info = tarfile.TarInfo(_blob(layer.diff_id))
    content, info.size = _file(archive, layer.path)
    layout.addfile(info, content)


def _add(layout: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    layout.addfile(info, io.BytesIO(content))


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    return _file(archive, name)[0].read()


def _file(archive: tarfile.TarFile, name: str) -> tuple[IO[bytes], int]:
    """A file of the archive and its size in bytes; docker links layers that it holds already."""
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return file, size
