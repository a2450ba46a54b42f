"""Istio's API: typed structs, decoding, validation and the CRDs derived from them. Needs only msgspec."""

from .decode import DecodeError, decode, encode
from .kinds import KINDS, Kind
from .object import IstioObject, ObjectMeta
from .problem import Problem

__all__ = ["KINDS", "DecodeError", "IstioObject", "Kind", "ObjectMeta", "Problem", "decode", "encode"]
