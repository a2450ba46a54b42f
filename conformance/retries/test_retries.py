"""Retries as told: the backend counts the attempts of each request by its id, exactly."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Response, Target
from conformance.entrances import CALLERS, reached
from conformance.manifests import Manifests
from conformance.timeouts import TIMEOUTS

pytestmark = pytest.mark.retries
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def rules(manifests: Manifests, backends: Backends) -> Iterator[None]:
    with manifests.applied(HERE / "retries.yaml"):
        yield


@pytest.fixture(scope="module", params=CALLERS)
def target(request: pytest.FixtureRequest, rules: None, backends: Backends) -> Target:
    """The host `retries`, from a pod and through the gateway."""
    target = reached(request, backends, "retries")

    def recovers(path: str, headers: dict[str, str]) -> None:
        def fits(response: Response) -> bool:
            return response.status == 200

        # An id of its own for every request, since attempts are counted by id.
        for _ in range(2):
            sent = {**headers, "x-echo-id": uuid.uuid4().hex}
            target.must_become(fits, f"{path} retried", path=path, headers=sent, together=1)

    target.must_become(lambda r: r.status == 200, "host retries reachable")
    recovers("/three-on-5xx", {"x-echo-fail-first": "1"})
    return target


def send_counted(target: Target, path: str, method: str = "GET", **told: str) -> tuple[Response, dict[str, int]]:
    """One request that the backend is told about by `told` (x_echo_…), and its attempts by method."""
    test_id = uuid.uuid4().hex
    headers = {name.replace("_", "-"): value for name, value in told.items()}
    answer = target.send(path, method, {**headers, "x-echo-id": test_id})
    attempts: dict[str, int] = target.send(f"/attempts?id={test_id}").seen
    return answer, attempts


@pytest.mark.smoke
@pytest.mark.parametrize(("failures", "attempts"), [(0, 1), (1, 2), (2, 3), (3, 4)])
def test_failures_are_retried_until_one_succeeds(target: Target, failures: int, attempts: int) -> None:
    answer, counted = send_counted(target, "/three-on-5xx", x_echo_fail_first=str(failures))
    assert answer.status == 200, str(answer)
    assert counted == {"GET": attempts}


@pytest.mark.smoke
def test_attempts_end_where_told(target: Target) -> None:
    answer, counted = send_counted(target, "/three-on-5xx", x_echo_fail_first="99")
    assert answer.status == 503, str(answer)
    assert counted == {"GET": 4}, "one attempt and three retries"


def test_a_reset_is_retried_when_told(target: Target) -> None:
    # The backend's own proxy sees the reset and answers 503 for it, hence gateway-error beside reset in the rule.
    answer, counted = send_counted(target, "/two-on-reset", x_echo_fail_first="2", x_echo_fail_status="reset")
    assert answer.status == 200, str(answer)
    assert counted == {"GET": 3}


def test_what_is_not_told_is_not_retried(target: Target) -> None:
    answer, counted = send_counted(target, "/two-on-reset", x_echo_fail_first="1", x_echo_fail_status="500")
    assert (answer.status, counted) == (500, {"GET": 1})


def test_a_status_code_is_retried_when_told(target: Target) -> None:
    answer, counted = send_counted(target, "/two-on-418", x_echo_fail_first="2", x_echo_fail_status="418")
    assert (answer.status, counted) == (200, {"GET": 3})


def test_retries_can_be_switched_off(target: Target) -> None:
    answer, counted = send_counted(target, "/none", x_echo_fail_first="1")
    assert (answer.status, counted) == (503, {"GET": 1})


@pytest.mark.smoke
def test_a_post_is_not_repeated_unless_told(target: Target) -> None:
    answer, counted = send_counted(target, "/", "POST", x_echo_fail_first="1", x_echo_fail_status="500")
    assert (answer.status, counted) == (500, {"POST": 1})
    answer, counted = send_counted(target, "/", "POST", x_echo_fail_first="1", x_echo_fail_status="reset")
    assert answer.status != 200, str(answer)
    assert counted == {"POST": 1}


def test_a_post_is_repeated_when_told(target: Target) -> None:
    answer, counted = send_counted(target, "/three-on-5xx", "POST", x_echo_fail_first="1")
    assert (answer.status, counted) == (200, {"POST": 2})


def test_a_slow_try_is_given_up_and_the_next_succeeds(target: Target) -> None:
    answer, counted = send_counted(target, "/per-try", x_echo_delay="2", x_echo_delay_first="1")
    assert answer.status == 200, str(answer)
    assert counted == {"GET": 2}
    assert 0.3 - TIMEOUTS.timer_slack <= answer.seconds < 1.9


def test_every_try_may_be_too_slow(target: Target) -> None:
    answer, counted = send_counted(target, "/per-try", x_echo_delay="2")
    assert answer.status == 504, str(answer)
    assert counted == {"GET": 3}
    assert 0.9 - 3 * TIMEOUTS.timer_slack <= answer.seconds < 4.0
