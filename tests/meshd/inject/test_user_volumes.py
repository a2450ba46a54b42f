"""Volumes of the pod's author reach the proxy, and what is none is refused with the way out."""

from __future__ import annotations

import pytest

from meshd.inject.annotations import USER_VOLUME, USER_VOLUME_MOUNT, InjectionError
from meshd.inject.user_volumes import user_volume_mounts, user_volumes

CERTS = {"name": "certs", "secret": {"secretName": "web"}}


@pytest.mark.parametrize(
    "text", ['[{"name": "certs", "secret": {"secretName": "web"}}]', '{"certs": {"secret": {"secretName": "web"}}}']
)
def test_volumes_are_a_list_or_by_name(text: str) -> None:
    assert user_volumes({USER_VOLUME: text}) == [CERTS]
    assert user_volumes({}) == user_volume_mounts({}) == []


@pytest.mark.parametrize("text", ["", "certs", "[]x", '["certs"]', '[{"secret": {}}]', '{"certs": 1}', "1"])
def test_what_is_no_volume_is_refused(text: str) -> None:
    with pytest.raises(InjectionError, match=r"userVolume.*it must be JSON such as"):
        user_volumes({USER_VOLUME: text})


def test_a_mount_says_where() -> None:
    with pytest.raises(InjectionError, match="certs needs an absolute mountPath"):
        user_volume_mounts({USER_VOLUME_MOUNT: '[{"name": "certs", "mountPath": "here"}]'})
