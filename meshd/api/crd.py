"""The CustomResourceDefinitions of the API, made from the structs: the API server checks shapes, the webhook sense.

`python -m meshd.api.crd | kubectl apply --server-side -f -` installs them.
"""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

from msgspec import inspect, json

from .istio.message import DURATION_PATTERN
from .kinds import KINDS, Kind, PrinterColumn

Schema = dict[str, Any]


def custom_resource_definitions() -> list[dict[str, Any]]:
    """One CustomResourceDefinition for each kind, as apiextensions.k8s.io/v1 has them."""
    return [custom_resource_definition(kind) for kind in KINDS]


def custom_resource_definition(kind: Kind) -> dict[str, Any]:
    """The definition of one kind: every version has the same schema, `kind.storage` is what is stored."""
    schema = object_schema(kind)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd_name},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.singular,
                **({"shortNames": list(kind.short_names)} if kind.short_names else {}),
                "categories": ["istio-io", kind.group.replace(".", "-")],
            },
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == kind.storage,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [_column(column) for column in kind.columns],
                }
                for version in kind.versions
            ],
        },
    }


def object_schema(kind: Kind) -> Schema:
    """The structural schema of a whole object. The status is open: meshd writes it and nobody validates it."""
    spec = _schema(inspect.type_info(kind.spec))
    return {
        "type": "object",
        "description": spec.get("description", ""),
        "properties": {"spec": spec, "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        **({"required": ["spec"]} if "required" in spec else {}),
    }


def _column(column: PrinterColumn) -> dict[str, str]:
    return {
        "name": column.name,
        "type": column.type,
        "jsonPath": column.json_path,
        "description": column.description,
    }


def _schema(type_: inspect.Type) -> Schema:
    match type_:
        case inspect.StructType():
            return _struct_schema(type_)
        case inspect.UnionType(types=types):
            schema = _schema(next(t for t in types if not isinstance(t, inspect.NoneType)))
            nullable = schema["type"] != "object" and "enum" not in schema
            return {**schema, "nullable": True} if nullable else schema
        case inspect.VarTupleType(item_type=item):
            return {"type": "array", "items": _schema(item)}
        case inspect.DictType(value_type=value):
            return {"type": "object", "additionalProperties": _schema(value)}
        case inspect.LiteralType(values=values):
            return {"type": "string", "enum": list(values)}
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.StrType():
            return _string_schema(type_)
        case inspect.IntType(ge=ge, le=le):
            return {"type": "integer", **_limits(minimum=ge, maximum=le)}
        case inspect.FloatType(ge=ge, le=le):
            return {"type": "number", **_limits(minimum=ge, maximum=le)}
        case _:
            raise TypeError(f"no schema for {type_}")


def _struct_schema(struct: inspect.StructType) -> Schema:
    schema: Schema = {
        "type": "object",
        "description": cleandoc(struct.cls.__doc__ or ""),
        "properties": {field.encode_name: _schema(field.type) for field in struct.fields},
    }
    required = [field.encode_name for field in struct.fields if field.required]
    return {**schema, "required": required} if required else schema


def _string_schema(string: inspect.StrType) -> Schema:
    if string.pattern == DURATION_PATTERN:
        return {"type": "string", "format": "duration"}  # its message is clearer than a pattern's
    limits = _limits(minLength=string.min_length, maxLength=string.max_length)
    return {"type": "string", **limits, **({"pattern": string.pattern} if string.pattern else {})}


def _limits(**limits: float | None) -> dict[str, float]:
    return {name: limit for name, limit in limits.items() if limit is not None}


if __name__ == "__main__":
    items = custom_resource_definitions()
    print(json.format(json.encode({"apiVersion": "v1", "kind": "List", "items": items})).decode())
