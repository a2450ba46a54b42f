"""Random JSON of the API's shape, made from the structs."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec import inspect

from meshd.api.istio.message import DURATION_PATTERN, Message
from meshd.api.kinds import KINDS, Kind

TEXT = st.text(max_size=8)
UNITS = st.sampled_from(["ms", "s", "m", "h"])
DURATIONS = st.builds("{}{}".format, st.integers(1, 5000), UNITS)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)


def specs(message: type[Message]) -> st.SearchStrategy[dict[str, Any]]:
    """JSON that decodes as `message`; it need not make sense."""
    return _type(inspect.type_info(message))


def objects() -> st.SearchStrategy[dict[str, Any]]:
    """Whole objects of any kind in any of its versions."""
    return st.sampled_from(KINDS).flatmap(_objects_of)


def _objects_of(kind: Kind) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "apiVersion": st.sampled_from(kind.api_versions),
            "kind": st.just(kind.kind),
            "metadata": st.just({"name": "reviews", "namespace": "shop"}),
            "spec": specs(kind.spec),
        }
    )


def _deferred(type_: inspect.Type) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: _type(type_))


def _type(type_: inspect.Type) -> st.SearchStrategy[Any]:
    match type_:
        case inspect.StructType(fields=fields):
            required = {f.encode_name: _type(f.type) for f in fields if f.required}
            optional = {f.encode_name: _deferred(f.type) for f in fields if not f.required}
            names = st.lists(st.sampled_from(sorted(optional)), max_size=3, unique=True) if optional else st.just([])
            return names.flatmap(lambda n: st.fixed_dictionaries({**required, **{name: optional[name] for name in n}}))
        case inspect.UnionType(types=types):
            return st.one_of([_type(t) for t in types])
        case inspect.NoneType():
            return st.none()
        case inspect.VarTupleType(item_type=item):
            return st.lists(_type(item), max_size=2)
        case inspect.DictType(key_type=key, value_type=value):
            keys = _type(key).map(str) if isinstance(key, inspect.IntType) else TEXT
            return st.dictionaries(keys, _type(value), max_size=2)
        case inspect.LiteralType(values=values):
            return st.sampled_from(list(values))
        case inspect.BoolType():
            return st.booleans()
        case inspect.StrType(pattern=pattern) if pattern == DURATION_PATTERN:
            return DURATIONS
        case inspect.StrType(min_length=low, max_length=high):
            return st.text(min_size=low or 0, max_size=min(high or 8, 8))
        case inspect.IntType(ge=ge, le=le):
            return st.integers(ge, min(le or 2**63 - 1, 2**63 - 1))
        case inspect.FloatType(ge=ge, le=le):
            return st.floats(ge, le, allow_nan=False, allow_infinity=False)
    raise TypeError(f"no strategy for {type_}")
