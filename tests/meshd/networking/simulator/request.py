"""A request as tests write it, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Self

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Request:
    """Sent to `port`; `host` is the Host header, with a port or not. `path` holds the query too."""

    host: str
    port: int = 80
    path: str = "/"
    method: str = "GET"
    headers: Headers = field(default_factory=dict)
    scheme: str = "http"

    @classmethod
    def parse(cls, text: str) -> Self:
        """For instance `GET reviews:9080/path?query=1 x-user=mara`; a Host of its own is `host=…`."""
        method, target, *pairs = text.split()
        authority, slash, path = target.partition("/")
        name, _, port = authority.partition(":")
        headers = dict(pair.split("=", 1) for pair in pairs)
        return cls(headers.pop("host", name), int(port or 80), slash + path or "/", method, headers)

    @property
    def bare_path(self) -> str:
        return self.path.partition("?")[0]

    @property
    def query(self) -> str:
        """With its question mark; "" when there is none."""
        return self.path[len(self.bare_path) :]

    def header(self, name: str) -> str | None:
        pseudo = {":method": self.method, ":authority": self.host, ":scheme": self.scheme, ":path": self.path}
        return pseudo.get(name) if name.startswith(":") else self.headers.get(name)


@dataclass(frozen=True)
class Outcome:
    """Exactly one of a forwarding (with `clusters`), a redirect (with `location`) and an answer of the proxy itself.

    `clusters` are names with their shares of the requests. `headers` are those of the request as it is sent on.
    """

    clusters: Mapping[str, Fraction] = field(default_factory=dict)
    status: int = 0
    location: str = ""
    body: bytes = b""
    host: str = ""
    path: str = ""
    headers: Headers = field(default_factory=dict)
    response_headers: Headers = field(default_factory=dict)
    mirrors: tuple[str, ...] = ()
    route: str = ""

    def __str__(self) -> str:
        """As tables of cases write it: `reviews:9080/v1 25% frontend:80 75% /path at host`."""
        if self.location:
            return f"{self.status} {self.location}"
        if not self.clusters:
            return f"{self.status} {self.body.decode()}".strip()
        shares = " ".join(
            short(name) + ("" if share == 1 else f" {float(share * 100):.4g}%") for name, share in self.clusters.items()
        )
        return f"{shares} {self.path} at {self.host}"


def short(cluster: str) -> str:
    """`outbound|9080|v1|reviews.shop.svc.cluster.local` as `reviews:9080/v1`."""
    if cluster.count("|") != 3:
        return cluster
    _, port, subset, host = cluster.split("|")
    name = host.partition(".")[0] if host.endswith(".svc.cluster.local") else host
    return f"{name}:{port}" + (f"/{subset}" if subset else "")
