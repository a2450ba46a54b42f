"""How the load grows: in three steps to all users, so that a slow start is not taken for a slow mesh."""

from __future__ import annotations

import math
import time

from locust import LoadTestShape

STEPS = ((0.10, 1 / 3), (0.25, 2 / 3), (1.0, 1.0))
"""(end as a share of the run time, share of the users)."""
SPAWN_RATE = 10.0
DEFAULT_SECONDS = 60.0
DEFAULT_USERS = 15


def users_at(seconds: float, run_seconds: float, users: int) -> int | None:
    """How many users are to be there after `seconds`; None once the run is over. At least one."""
    for end, share in STEPS:
        if seconds < end * run_seconds:
            return max(1, math.ceil(share * users))
    return None


class Steps(LoadTestShape):
    """Locust's --users and --run-time, reached in steps."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        options = self.runner.environment.parsed_options if self.runner else None
        run_seconds = float(getattr(options, "run_time", None) or DEFAULT_SECONDS)
        users = int(getattr(options, "num_users", None) or DEFAULT_USERS)
        wanted = users_at(time.perf_counter() - self.start_time, run_seconds, users)
        return None if wanted is None else (wanted, SPAWN_RATE)
