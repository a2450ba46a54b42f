"""The node image's parts that can be seen without making one."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from clusters.image_layout import saved_images
from clusters.image_loading import full_name
from clusters.node import recipe
from clusters.node.archive import InnerImage, digest, write_archive
from clusters.node.install import _containerd_line, inner_images

NAMES = {
    "kube-apiserver": "registry.example/kube-apiserver:v1.34.4",
    "kube-proxy": "registry.example/kube-proxy:v1.34.4",
    "coredns": "registry.example/coredns/coredns:v1.12.1",
    "pause": "registry.example/pause:3.10.1",
    "etcd": "registry.example/etcd:3.6.5-0",
}


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in (*NAMES, "base.tar"):
        (folder / name).write_text(f"the program {name}")
    return folder


def inner(programs: Path) -> list[InnerImage]:
    spec = {"kubernetes": str(programs), **{name: str(programs / name) for name in ("etcd", "coredns", "pause")}}
    return inner_images(NAMES, spec, programs / "base.tar")


def test_every_image_kubeadm_starts_is_made(programs: Path) -> None:
    images = {image.reference: image for image in inner(programs)}
    assert set(images) == set(NAMES.values())
    assert [ref for ref, image in images.items() if image.base_layers] == [NAMES["kube-proxy"]], "it runs iptables"
    assert images[NAMES["coredns"]].entrypoint == ["/coredns"], "its manifest names no command"


def write(programs: Path, target: Path) -> Path:
    work = target.with_suffix(".work")
    work.mkdir()
    write_archive(inner(programs), "amd64", target, work)
    return target


def test_archive_is_one_docker_could_have_saved(programs: Path, tmp_path: Path) -> None:
    with tarfile.open(write(programs, tmp_path / "a.tar")) as archive:
        images = {image.names[0]: image for image in saved_images(archive, full_name)}
        assert set(images) == set(NAMES.values())
        assert json.loads(images[NAMES["pause"]].config)["config"]["Entrypoint"] == ["/pause"]
        base, own = images[NAMES["kube-proxy"]].layers
        assert base.diff_id == f"sha256:{digest(programs / 'base.tar')}"
        layer = archive.extractfile(own.path)
        with tarfile.open(fileobj=layer) as files:
            (file,) = files
            assert (file.name, file.mode, file.uid) == ("usr/local/bin/kube-proxy", 0o755, 0)


def test_same_programs_give_the_same_bytes(programs: Path, tmp_path: Path) -> None:
    one, other = (write(programs, tmp_path / f"{name}.tar") for name in ("one", "other"))
    assert digest(one) == digest(other)


def test_layer_that_two_images_share_is_written_once(programs: Path, tmp_path: Path) -> None:
    base = programs / "base.tar"
    images = [InnerImage(name, {f"/{name}": programs / name}, base_layers=[base]) for name in ("etcd", "pause")]
    (tmp_path / "work").mkdir()
    write_archive(images, "amd64", tmp_path / "a.tar", tmp_path / "work")
    with tarfile.open(tmp_path / "a.tar") as archive:
        names = archive.getnames()
    assert names.count(f"{digest(base)}/layer.tar") == 1
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('    sandbox_image = "registry.example/pause:3.7"', '    sandbox_image = "pause:3.10.1"'),
        ("  restrict_oom_score_adj = false", "  restrict_oom_score_adj = true"),
        ("  discard_unpacked_layers = true", "  discard_unpacked_layers = true"),
        ("", ""),
    ],
)
def test_containerds_configuration_is_changed_in_two_lines(line: str, wanted: str) -> None:
    assert _containerd_line(line, "pause:3.10.1") == wanted


def test_key_changes_with_what_the_image_is_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe.key()
    assert recipe.image().endswith(f"v{recipe.KUBERNETES}-{before}")
    monkeypatch.setattr(recipe, "PACKAGES", (*recipe.PACKAGES, "vim"))
    assert recipe.key() != before
