"""Validation of any object: samples of all kinds pass, whatever decodes is judged."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from meshd.api import decode
from meshd.api.validate import Verdict, validate

from .samples import documents, errors
from .strategies import objects


@pytest.mark.parametrize("document", documents(), ids=lambda document: document["kind"])
def test_accepts_valid_samples(document: dict[str, Any]) -> None:
    assert validate(decode(document)).errors == ()


@given(objects())
@settings(deadline=None, max_examples=150)
def test_judges_any_object_without_failing(document: dict[str, Any]) -> None:
    assert isinstance(validate(decode(document)), Verdict)


def test_oneofs_are_checked_in_every_kind() -> None:
    key_set = '{"keys": [{"kty": "oct", "k": "AAAA"}]}'
    found = errors("RequestAuthentication", f"{{jwtRules: [{{issuer: a, jwks: '{key_set}', jwksUri: 'https://c'}}]}}")
    assert found == ["spec.jwtRules[0]: only one of jwks or jwksUri may be set"]
