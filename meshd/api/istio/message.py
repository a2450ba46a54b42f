"""What every message of the Istio API shares: one base and the scalar types of protobuf's JSON form.

The structs are the only definition of the API: decoding, the CRD schemas and the walk over unsupported fields
are derived from them. A field that proto3 gives no presence has its zero value as the default; one with
presence (messages, wrappers, members of a oneof) is `None` when it is not set.
"""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta, Struct

Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
UInt32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
UInt64 = Annotated[int, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
"""An int32 that must not be negative."""
DURATION_PATTERN = r"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$"
Duration = Annotated[str, Meta(pattern=DURATION_PATTERN)]
"""A length of time such as "1.5s", "100ms" or "1h30m"; `seconds` reads it."""

_PART = re.compile(r"([0-9.]+)(ns|us|µs|ms|s|m|h)")
_UNIT = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class Message(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """One message of the API: immutable, read and written under the names of protobuf's JSON form."""


def seconds(duration: Duration) -> float:
    """The seconds of a duration that was decoded: `seconds("1m30s") == 90.0`."""
    return sum(float(number) * _UNIT[unit] for number, unit in _PART.findall(duration))
