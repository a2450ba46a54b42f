"""Kubernetes objects for people's tools: from YAML files, and from the stack's cluster."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from commands.environment import kubeconfig_file
from toolchain import find
from toolchain.errors import UserError
from toolchain.run import run as run_tool

SUFFIXES = (".yaml", ".yml", ".json")
STANDARD_INPUT = "-"
LIST_SECONDS = 60

Json = dict[str, Any]


@dataclass(frozen=True)
class Read:
    """An object and where it was read, "" for the cluster."""

    item: Json
    place: str


def from_files(folder: Path, names: Iterable[str], namespace: str) -> list[Read]:
    """Objects in files and in folders of files, named from `folder`; those that name no namespace are of `namespace`.

    Raises UserError for what cannot be read, with the place.
    """
    return [
        Read(_placed(item, namespace), name) for name, text in _texts(folder, names) for item in _objects(name, text)
    ]


def from_cluster(kinds: Iterable[str]) -> list[Json]:
    """All objects of these kinds ("pods", "virtualservices.networking.istio.io"). Raises UserError."""
    kubectl = find("kubectl")
    if kubectl is None or not kubeconfig_file().exists():
        raise UserError("there is no cluster to look at: ./mesh up makes one, and files alone need none")
    words = [str(kubectl), "--kubeconfig", str(kubeconfig_file()), "get", ",".join(kinds), "-A", "-o", "json"]
    items: list[Json] = json.loads(run_tool(words, timeout=LIST_SECONDS))["items"]
    return items


def _texts(folder: Path, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        if name == STANDARD_INPUT:
            yield "standard input", sys.stdin.read()
            continue
        path = folder / name
        files = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES) if path.is_dir() else [path]
        if not files:
            raise UserError(f"{name} holds no {', '.join(SUFFIXES)}")
        for file in files:
            yield str(Path(name, file.relative_to(path)) if file != path else name), _text(file)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {file}: {error}") from None


def _objects(name: str, text: str) -> Iterator[Json]:
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise UserError(f"{name} is not YAML: {' '.join(str(error).split())}") from None
    for document in documents:
        if document is None:
            continue
        items = document.get("items") or () if isinstance(document, dict) and "items" in document else (document,)
        for item in items:
            if not (isinstance(item, dict) and isinstance(item.get("metadata"), dict) and item.get("kind")):
                raise UserError(f"{name} holds something that is no Kubernetes object: it needs kind and metadata")
            yield item


def _placed(item: Json, namespace: str) -> Json:
    return {**item, "metadata": {"namespace": namespace, **item["metadata"]}}
