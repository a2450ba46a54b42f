"""Memory of every proxy and control-plane replica of the running stack, held against its budget.

    eval "$(./mesh env)" && python -m benchmarks.memory

Figures come from /proc/1/smaps_rollup in each container: what is resident, and what of it no other process shares.
Exit status 1 when a budget is exceeded.
"""

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

MB = 1024
"""smaps counts in kB."""


@dataclass(frozen=True)
class Budget:
    """Most that one process may take, in MB."""

    resident: float
    private: float


BUDGETS = {
    ("shop", "istio-proxy"): Budget(resident=75, private=20),
    ("istio-system", "meshd"): Budget(resident=120, private=120),
}
"""By namespace and container: the shop's sidecars. Other proxies (a gateway, other people's) are shown without."""
CONTAINERS = frozenset(container for _, container in BUDGETS)


@dataclass(frozen=True)
class Footprint:
    """One container's first process: resident and private memory in MB, and how many processes it has."""

    namespace: str
    pod: str
    container: str
    resident: float
    private: float
    processes: int

    @property
    def budget(self) -> Budget | None:
        return BUDGETS.get((self.namespace, self.container))

    @property
    def within_budget(self) -> bool:
        budget = self.budget or Budget(math.inf, math.inf)
        alone = self.processes == 1 or self.container != "istio-proxy"
        return self.resident <= budget.resident and self.private <= budget.private and alone


def kubectl(*words: str) -> str:
    """Raises SystemExit with what kubectl says, and the way out."""
    try:
        return subprocess.run(["kubectl", *words], check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        sys.exit('kubectl is not on PATH: eval "$(./mesh env)"')
    except subprocess.CalledProcessError as error:
        sys.exit(f'{error.stderr.strip().splitlines()[-1]}\nis the stack up, and did you eval "$(./mesh env)"?')


def containers() -> Iterator[tuple[str, str, str]]:
    """(namespace, pod, container) of every running proxy and control-plane replica."""
    for pod in json.loads(kubectl("get", "pods", "-A", "-o", "json"))["items"]:
        if pod["status"]["phase"] != "Running":
            continue
        spec = pod["spec"]
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            if container["name"] in CONTAINERS:
                yield pod["metadata"]["namespace"], pod["metadata"]["name"], container["name"]


def footprint(namespace: str, pod: str, container: str) -> Footprint:
    """Ask the container itself; `ls` and `cat` are in every image of the stack."""
    command = "cat /proc/1/smaps_rollup; echo; for p in /proc/[0-9]*; do readlink $p/exe; done | sort | uniq -c"
    text = kubectl("exec", "-n", namespace, pod, "-c", container, "--", "sh", "-c", command)
    figures, _, programs = text.partition("\n\n")
    own = {line.split(":")[0]: line.split()[1] for line in figures.splitlines() if line.endswith("kB")}
    private = int(own["Private_Clean"]) + int(own["Private_Dirty"])
    asking = ("/sh", "/dash", "/bash", "/sort", "/uniq", "/readlink")
    counts = [line.split() for line in programs.splitlines() if line.strip() and not line.endswith(asking)]
    processes = sum(int(count) for count, *_ in counts)
    return Footprint(namespace, pod, container, int(own["Rss"]) / MB, private / MB, processes)


def table(footprints: list[Footprint]) -> str:
    lines = [f"{'pod':58} {'container':12} {'resident':>9} {'private':>9} {'budget':>11}"]
    for one in footprints:
        budget = f"{one.budget.resident:4.0f}/{one.budget.private:.0f} MB" if one.budget else "-"
        verdict = "" if one.within_budget else "  OVER"
        sizes = f"{one.resident:6.1f} MB {one.private:6.1f} MB {budget:>11}"
        lines.append(f"{f'{one.namespace}/{one.pod}':58} {one.container:12} {sizes}{verdict}")
    return "\n".join(lines)


def main() -> int:
    footprints = [footprint(*found) for found in containers()]
    if not footprints:
        print("no proxies or control plane found: is the stack up? (./mesh up)", file=sys.stderr)
        return 1
    print(table(sorted(footprints, key=lambda one: (one.container, one.namespace, one.pod))))
    return 0 if all(one.within_budget for one in footprints) else 1


if __name__ == "__main__":
    sys.exit(main())
