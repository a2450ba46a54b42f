"""A tool from its vendor's release, verified against the checksums that the vendor publishes beside it."""

from __future__ import annotations

import hashlib
import platform
import re
import tarfile
from http.client import HTTPException
from pathlib import Path

from toolchain.errors import UserError
from toolchain.progress import Step
from toolchain.sources.reach import Unreachable, open_url
from toolchain.tool import Download, Tool

_BLOCK = 1 << 20
_LIST_LIMIT = 1 << 20
_ALGORITHMS = {64: "sha256", 128: "sha512"}

# machine -> (Go's and Debian's word, Pulumi's, Envoy's)
_WORDS = {"x86_64": ("amd64", "x64", "x86_64"), "aarch64": ("arm64", "arm64", "aarch_64")}


def architecture() -> str:
    """`amd64` or `arm64`. Raises UserError on any other machine."""
    return _words()[0]


def fetch(tool: Tool, into: Path, step: Step) -> str:
    """Download all files of the release into `into`; returns where from.

    Raises Unreachable when the site cannot be reached or lacks a file, UserError when a checksum differs.
    """
    for download in tool.releases:
        _fetch_one(tool, download, into, step)
    return f"release from {tool.releases[0].url.split('/')[2]}"


def published_digest(listing: str, name: str) -> tuple[str, str]:
    """(algorithm, hex digest) of the file `name` in a checksum list; a list of one bare digest is for any
    file.

    Raises Unreachable when the list holds no SHA-256 or SHA-512 for it.
    """
    for line in listing.splitlines():
        words = line.split()
        named = len(words) == 2 and words[1].lstrip("*").removeprefix("./") == name
        alone = len(words) == 1 and len(listing.split()) == 1
        if (named or alone) and re.fullmatch(r"[0-9a-fA-F]+", words[0]) and len(words[0]) in _ALGORITHMS:
            return _ALGORITHMS[len(words[0])], words[0].lower()
    raise Unreachable(f"the vendor's list holds no usable checksum for {name}")


def _fetch_one(tool: Tool, download: Download, into: Path, step: Step) -> None:
    url = _fill(download.url, tool)
    name = url.rsplit("/", 1)[-1]
    with open_url(_fill(download.checksums, tool)) as response:
        listing = response.read(_LIST_LIMIT).decode(errors="replace")
    algorithm, expected = published_digest(listing, name)
    target = into / (download.save_as or name)
    actual = _save(url, target, algorithm, step)
    if actual != expected:
        target.unlink()
        raise UserError(f"{url}: checksum differs from the vendor's list; the file was thrown away")
    if download.members:
        members = {_fill(member, tool): file for member, file in download.members.items()}
        _unpack(target, members, into)
        target.unlink()
    else:
        target.chmod(0o755)


def _save(url: str, target: Path, algorithm: str, step: Step) -> str:
    digest, done = hashlib.new(algorithm), 0
    try:
        with open_url(url) as response, target.open("wb") as file:
            total = int(response.headers.get("Content-Length") or 0)
            while block := response.read(_BLOCK):
                digest.update(block)
                file.write(block)
                done += len(block)
                step.update(f"{target.name} {done >> 20}" + (f" of {total >> 20} MB" if total else " MB"))
    except (TimeoutError, HTTPException, ConnectionError) as error:
        raise Unreachable(f"{url}: {error}") from None
    return digest.hexdigest()


def _unpack(archive: Path, members: dict[str, str], into: Path) -> None:
    with tarfile.open(archive) as tar:
        found = {name.removeprefix("./"): name for name in tar.getnames()}
        for member, file in members.items():
            source = tar.extractfile(found[member]) if member in found else None
            if source is None:
                raise Unreachable(f"{archive.name} holds no {member}")
            with source, (into / file).open("wb") as target:
                while block := source.read(_BLOCK):
                    target.write(block)
            (into / file).chmod(0o755)


def _fill(template: str, tool: Tool) -> str:
    arch, pulumi_arch, envoy_arch = _words()
    return template.format(version=tool.version, arch=arch, pulumi_arch=pulumi_arch, envoy_arch=envoy_arch)


def _words() -> tuple[str, str, str]:
    machine = platform.machine()
    if machine not in _WORDS:
        raise UserError(f"this machine is {machine}; only x86_64 and aarch64 are supported: run it on one of these")
    return _WORDS[machine]
