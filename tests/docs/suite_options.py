"""The options that the conformance suite registers."""

from __future__ import annotations

from typing import Any, cast

import pytest

from conformance.settings import add_options


class _Recorder:
    """Stands for pytest's parser and notes what is registered."""

    def __init__(self) -> None:
        self.options: dict[str, object] = {}

    def getgroup(self, *_: str) -> _Recorder:
        return self

    def addoption(self, name: str, **settings: Any) -> None:
        self.options[name] = settings.get("default")


def suite_options() -> dict[str, object]:
    """Option -> its default."""
    recorder = _Recorder()
    add_options(cast(pytest.Parser, recorder))
    return recorder.options
