"""The setting that `python3 -m meshd` makes for gRPC, which is read when gRPC begins."""

import os
import subprocess
import sys

from meshd.__main__ import GRPC_EXPERIMENTS

SERVE = """
import asyncio
from grpc import aio
async def serve():
    server = aio.server()
    server.add_insecure_port("127.0.0.1:0")
    await server.start()
    await server.stop(0)
asyncio.run(serve())
"""


def served_with(experiments: str) -> str:
    environment = {**os.environ, "GRPC_EXPERIMENTS": experiments}
    done = subprocess.run([sys.executable, "-c", SERVE], env=environment, capture_output=True, text=True, check=True)
    return done.stderr


def test_the_setting_is_one_that_grpc_knows() -> None:
    assert "Unknown experiment" in served_with("no_such_thing")
    assert not served_with(GRPC_EXPERIMENTS)
