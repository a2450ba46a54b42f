"""Judges objects before they are applied: by themselves as the webhook does, and within a mesh made of all of them.

    judged objects, what else there is -> store -> findings

Needs neither a cluster nor a running meshd.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from meshd.api.decode import DecodeError, decode
from meshd.api.kinds import KINDS
from meshd.api.problem import Problem, show
from meshd.api.translate import translate
from meshd.api.validate import validate
from meshd.ingest.kind import Rejected
from meshd.ingest.watches import watched_kinds
from meshd.model.delegation import Delegation
from meshd.model.mesh import MeshConfig
from meshd.model.store import Store
from meshd.model.tables import MESH, MESH_KEY, SERVICES, Change
from meshd.networking.advice import findings

ERROR, WARNING = "error", "warning"
_GROUPS = frozenset(kind.group for kind in KINDS)

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Analysed:
    """One thing about an object: `severity` is "error" (it would be refused) or "warning"."""

    severity: str
    object: str
    field: str
    reason: str


def analyse(judged: Sequence[Json], others: Iterable[Json], mesh: MeshConfig) -> list[Analysed]:
    """What is to be said of `judged`, in a mesh of these and of `others`; objects of other kinds are passed over.

    Every object has a namespace. Without a Service among them all, nobody can tell what is missing, so nobody does.
    """
    store = _store((*others, *judged), mesh)
    whole = bool(store.all(SERVICES))
    found = [*_twice(judged)]
    for item in judged:
        if is_judged(item):
            found += _of_object(item, store, mesh, whole)
    return list(dict.fromkeys(found))


def _store(objects: Iterable[Json], mesh: MeshConfig) -> Store:
    """The mesh of all objects that make sense, as if every rule were in force."""
    kinds = {kind.name: kind for kind in watched_kinds(mesh)}
    changes: list[Change] = [(MESH, MESH_KEY, mesh)]
    for item in objects:
        kind = kinds.get(item["kind"])
        if kind is not None:
            try:
                changes += kind.rows(msgspec.json.encode(item))
            except (Rejected, msgspec.DecodeError):
                continue  # told by _of_object where it is to be judged
    store = Store()
    store.apply(Delegation().admit(changes))
    return store


def _of_object(item: Json, store: Store, mesh: MeshConfig, whole: bool) -> Iterator[Analysed]:
    name = object_name(item)
    if item["kind"] == "Service":
        row = store.get(SERVICES, f"{item['metadata']['namespace']}/{item['metadata']['name']}")
        rows: tuple[object, ...] = (row,) if row else ()
    else:
        try:
            istio_object = decode(item)
        except DecodeError as error:
            yield from (_said(ERROR, name, problem) for problem in error.problems)
            return
        verdict = validate(istio_object)
        yield from (_said(ERROR, name, problem) for problem in verdict.errors)
        yield from (_said(WARNING, name, problem) for problem in verdict.warnings)
        rows = () if verdict.errors else tuple(row for _, _, row in translate(istio_object, mesh))
    for finding in (finding for row in rows for finding in findings(store, row)):
        if whole or not finding.missing:
            yield Analysed(WARNING, name, finding.field, finding.text)


def _said(severity: str, name: str, problem: Problem) -> Analysed:
    got = "" if problem.value is None else f" (got {show(problem.value)})"
    return Analysed(severity, name, problem.path, problem.reason + got)


def _twice(judged: Sequence[Json]) -> Iterator[Analysed]:
    for name, times in Counter(map(object_name, judged)).items():
        if times > 1:
            yield Analysed(ERROR, name, "metadata.name", f"it is written {times} times: the last one would count")


def is_judged(item: Json) -> bool:
    """Whether there is anything to say of objects of its kind."""
    return item["kind"] == "Service" or str(item.get("apiVersion", "")).partition("/")[0] in _GROUPS


def object_name(item: Json) -> str:
    """ "VirtualService shop/reviews" """
    metadata = item["metadata"]
    return f"{item['kind']} {metadata['namespace']}/{metadata.get('name') or metadata.get('generateName', '')}"
