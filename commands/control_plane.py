"""The replicas of meshd in the stack's cluster, and their admin API, which listens on their loopback only."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from commands.environment import kubeconfig_file
from commands.port_forward import port_forward
from toolchain import find
from toolchain.errors import UserError
from toolchain.run import run as run_tool

ADMIN_PORT = 15080
NAMESPACE = "istio-system"
ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Replica:
    """One replica of the control plane and the proxies connected to it, as its admin API lists them."""

    pod: str
    ready: bool
    proxies: Sequence[Mapping[str, Any]] = ()
    problem: str = ""


def replicas() -> list[Replica]:
    """Those that are to stay; none when the cluster does not answer."""
    words = ["-n", NAMESPACE, "get", "pods", "-l", "app=meshd", "-o", "json"]
    try:
        pods = json.loads(run_tool([_kubectl(), "--kubeconfig", kubeconfig_file(), *words], timeout=15))["items"]
    except UserError:
        return []
    return [Replica(pod["metadata"]["name"], _is_ready(pod)) for pod in pods if _stays(pod)]


def running_replicas() -> list[Replica]:
    """Those that can be asked. Raises UserError when there are none."""
    found = [replica for replica in replicas() if replica.ready]
    if not found:
        raise UserError("no control plane answers: is the stack up? (./mesh up, ./mesh status)")
    return found


def with_proxies(replica: Replica) -> Replica:
    """`replica` with the proxies it has, or with the problem that keeps it from telling."""
    try:
        return replace(replica, proxies=ask(replica, "/proxies"))
    except UserError as error:
        return replace(replica, problem=str(error))


def ask_all(path: str) -> Any:
    """JSON of the first replica that knows what is asked for. Raises UserError when none does."""
    unknown: NotKnown | None = None
    for replica in running_replicas():
        try:
            return ask(replica, path)
        except NotKnown as error:
            unknown = error
    assert unknown is not None
    raise unknown


class NotKnown(UserError):
    """The replica answers, but has nothing of that name; the text is its own."""


def ask(replica: Replica, path: str, method: str = "GET") -> Any:
    """JSON that the replica's admin API answers. Raises UserError when it does not, NotKnown for a 404."""
    try:
        with port_forward(_kubectl(), kubeconfig_file(), NAMESPACE, replica.pod, ADMIN_PORT) as port:
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
                return json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise NotKnown(error.read().decode().strip()) from None
        raise UserError(f"the admin API of {replica.pod} answers {error.code}: {error.reason}") from None
    except (UserError, urllib.error.URLError, OSError, ValueError) as error:
        raise UserError(f"the admin API of {replica.pod} does not answer ({error})") from None


def _stays(pod: Mapping[str, Any]) -> bool:
    """Not one that a rollout has ended."""
    ended = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return not ended and "deletionTimestamp" not in pod["metadata"]


def _is_ready(pod: Mapping[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _kubectl() -> str:
    return str(find("kubectl"))
