"""`./mesh status` of a stack at rest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from acceptance.convergence import eventually
from acceptance.settings import CONTROL_PLANE, SHOP

ROOT = Path(__file__).parent.parent


def test_every_proxy_of_the_stack_is_synced() -> None:
    """Its own, not those of suites that may run beside."""

    def look() -> None:
        words = [sys.executable, "-m", "commands", "status", "-o", "json"]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.stdout, done.stderr
        replicas = json.loads(done.stdout)["control_plane"]
        assert [(r["ready"], r["problem"]) for r in replicas] == [(True, "")] * 2
        proxies = [p for r in replicas for p in r["proxies"] if p["namespace"] in (SHOP, CONTROL_PLANE)]
        assert {proxy["namespace"] for proxy in proxies} == {SHOP, CONTROL_PLANE}
        late = [p["pod"] for p in proxies if {sent["state"] for sent in p["types"].values()} != {"SYNCED"}]
        assert not late

    eventually(look, "all proxies synced", successes=1)
