"""VirtualServices that leave some of their routes to others, at the gateway and between services."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Target
from conformance.entrances import CALLERS, reached
from conformance.manifests import Manifests

pytestmark = pytest.mark.delegation
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def rules(manifests: Manifests, backends: Backends) -> Iterator[None]:
    with manifests.applied(HERE / "delegation.yaml"):
        yield


@pytest.fixture(params=CALLERS)
def target(request: pytest.FixtureRequest, rules: None, backends: Backends) -> Target:
    target = reached(request, backends, "delegation")
    target.must_become(lambda r: r.status == 203, "the delegate's last route", path="/team")
    target.must_become(lambda r: r.version == "v2", "the delegate of another namespace", path="/far")
    return target


def test_conditions_of_root_and_delegate_must_both_hold(target: Target) -> None:
    assert target.send("/team/tea", headers={"x-cup": "green"}).status == 418
    assert target.send("/team/tea", headers={"x-cup": "black"}).status == 203
    assert target.send("/tea", headers={"x-cup": "green"}).version == "v1", "not the root's path"
    assert target.send("/far", "PUT").status == 202
    assert target.send("/other", "PUT").version == "v1"


def test_a_delegates_route_beyond_its_roots_path_is_left_out(target: Target) -> None:
    answer = target.send("/elsewhere")
    assert (answer.status, answer.version) == (200, "v1")


def test_what_the_delegate_does_not_say_is_its_roots_to_say(target: Target) -> None:
    assert target.send("/team").headers["x-root"] == "yes"
    assert target.send("/far/a?b=c").seen["path"] == "/rewritten/a?b=c"


def test_a_delegate_changes_alone(target: Target, manifests: Manifests) -> None:
    try:
        manifests.apply(HERE / "changed.yaml")
        target.must_become(lambda r: r.status == 410, "the changed delegate", path="/team")
        assert target.send("/far").version == "v2"
        assert target.send("/").version == "v1"
    finally:
        manifests.apply(HERE / "delegation.yaml")
