"""Reads istio-api-fields.txt: the messages of each proto file with the type of each field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FIELDS = Path(__file__).parent / "istio-api-fields.txt"


@dataclass
class ProtoMessage:
    """A message: its fields' types by name, and the messages and enums declared inside it."""

    name: str
    outer: ProtoMessage | None = None
    fields: dict[str, str] = field(default_factory=dict)
    inner: dict[str, ProtoMessage] = field(default_factory=dict)
    enums: dict[str, list[str]] = field(default_factory=dict)

    def scopes(self) -> Iterator[ProtoMessage]:
        """This message and those around it, the innermost first."""
        yield self
        if self.outer is not None:
            yield from self.outer.scopes()


@dataclass
class ProtoApi:
    """All proto files; messages of one file see each other and those of the others."""

    files: dict[str, ProtoMessage]

    def message(self, name: str) -> ProtoMessage:
        """A top-level message by its name. Two files may not declare the same one with different meanings."""
        return next(file.inner[name] for file in self.files.values() if name in file.inner)

    def find(self, type_name: str, scope: ProtoMessage) -> ProtoMessage | list[str] | None:
        """What a field's type names, seen from the message it is in; None for scalars and google's types."""
        for owner in [*scope.scopes(), *self.files.values()]:
            if type_name in owner.enums:
                return owner.enums[type_name]
            if type_name in owner.inner:
                return owner.inner[type_name]
        return None


def json_name(name: str) -> str:
    """The name of a field in protobuf's JSON form: underscores go, what follows them becomes upper case."""
    parts = name.split("_")
    return parts[0] + "".join(part[:1].upper() + part[1:] for part in parts[1:])


def read_proto_api() -> ProtoApi:
    """The whole list. Oneofs leave no trace: their members are fields of the message."""
    files: dict[str, ProtoMessage] = {}
    stack: list[tuple[int, ProtoMessage]] = []
    enum: tuple[int, list[str]] | None = None
    for line in FIELDS.read_text().splitlines()[1:]:
        depth, text = len(line) - len(line.lstrip()), line.strip()
        if text.startswith("====="):
            name = text.split()[1]
            files[name] = ProtoMessage(name)
            stack, enum = [(0, files[name])], None
            continue
        if enum is not None and depth > enum[0]:
            enum[1].append(text)
            continue
        enum = None
        while stack[-1][0] >= depth:
            stack.pop()
        if text.startswith("oneof "):
            continue
        owner = stack[-1][1]
        if text.startswith("message "):
            message = ProtoMessage(text.removeprefix("message "), outer=owner)
            owner.inner[message.name] = message
            stack.append((depth, message))
        elif text.startswith("enum "):
            enum = (depth, owner.enums.setdefault(text.removeprefix("enum "), []))
        else:
            name, _, type_name = text.partition(": ")
            owner.fields[name] = type_name
    return ProtoApi(files)
