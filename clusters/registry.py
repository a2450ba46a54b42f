"""Whether the engine can get images from a registry."""

from __future__ import annotations

from functools import lru_cache

from clusters.docker import Engine

ANSWER_SECONDS = 3.0


@lru_cache
def registry_answers(engine: Engine, image: str) -> bool:
    """Whether `image` can be had from its registry; known after ANSWER_SECONDS at most."""
    return engine.try_docker("manifest", "inspect", image, timeout=ANSWER_SECONDS) is not None
