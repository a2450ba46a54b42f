"""Volumes that the author of a pod wants in the proxy's container: files with certificates, for example.

https://istio.io/latest/docs/reference/config/annotations/#SidecarUserVolume
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from meshd.inject.annotations import USER_VOLUME, USER_VOLUME_MOUNT, wrong

Json = dict[str, Any]


def user_volumes(annotations: Mapping[str, str]) -> list[Json]:
    """For the pod. Raises InjectionError."""
    return _read(annotations, USER_VOLUME, '[{"name": "certs", "secret": {"secretName": "certs"}}]')


def user_volume_mounts(annotations: Mapping[str, str]) -> list[Json]:
    """For the proxy's container. Raises InjectionError."""
    mounts = _read(annotations, USER_VOLUME_MOUNT, '[{"name": "certs", "mountPath": "/certs"}]')
    for mount in mounts:
        if not str(mount.get("mountPath", "")).startswith("/"):
            raise wrong(
                USER_VOLUME_MOUNT, annotations[USER_VOLUME_MOUNT], f"{mount['name']} needs an absolute mountPath"
            )
    return mounts


def _read(annotations: Mapping[str, str], name: str, example: str) -> list[Json]:
    """A JSON array of objects with names, or an object of them by their names."""
    text = annotations.get(name)
    if text is None:
        return []
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if isinstance(given, dict):
        given = [{"name": key, **value} if isinstance(value, dict) else value for key, value in given.items()]
    if not isinstance(given, list) or not all(isinstance(one, dict) and one.get("name") for one in given):
        raise wrong(name, text, f"it must be JSON such as {example}")
    return given
