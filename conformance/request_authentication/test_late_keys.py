"""Keys that come later than a rule's timeout do not count; those that a rule waits for do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.backends import Backends
from conformance.calls import Response
from conformance.kubernetes import Kubernetes
from conformance.manifests import Manifests
from conformance.request_authentication.test_request_authentication import must_answer
from conformance.settings import Settings
from conformance.timeouts import TIMEOUTS
from conformance.tokens import Issuer, bearer

pytestmark = pytest.mark.request_authentication
HERE = Path(__file__).parent

PROMPT, HASTY, PATIENT = (Issuer(f"https://{name}.test") for name in ("prompt", "hasty", "patient"))
"""Of keys that come at once; of keys after 3 s, waited for for 1 s; of keys after 7 s, waited for for 60 s."""


def accepted(response: Response) -> bool:
    return response.status == 200


def test_keys_that_come_too_late_do_not_count(
    manifests: Manifests, backends: Backends, kubernetes: Kubernetes, settings: Settings
) -> None:
    """By default 5 s are waited: enough for the hasty rule's keys, too few for the patient one's."""
    target = backends.service("echo-v1")
    every = json.dumps({"keys": [key for each in (PROMPT, HASTY, PATIENT) for key in json.loads(each.jwks)["keys"]]})
    with manifests.applied(HERE / "late-keys.yaml", jwks=every):
        kubernetes.rollout(settings.namespace, ["late-keys"], TIMEOUTS.pods_ready)
        target.must_become(accepted, "keys that come at once", headers=bearer(PROMPT.token()))
        target.must_become(accepted, "keys that are waited for", headers=bearer(PATIENT.token()))
        must_answer(target, 401, bearer(HASTY.token()))
        must_answer(target, 200, bearer(PROMPT.token()))
        must_answer(target, 200)
