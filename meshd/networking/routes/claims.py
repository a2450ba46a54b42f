"""Routes by what a request's token says: names of headers that begin with @request.auth.claims.

https://istio.io/latest/docs/tasks/security/authentication/jwt-route/
"""

import re
from typing import Any

from meshd.model.route import NamedMatch
from meshd.networking.authentication.claims import alone_or_listed, claim_matcher
from meshd.networking.routes.values import string_matcher

_PREFIX = "@request.auth.claims"
_IN_BRACKETS = re.compile(r"\[([^\[\]]+)\]")


def is_claim(named: NamedMatch) -> bool:
    return named.name.startswith(_PREFIX)


def metadata_matcher(named: NamedMatch, invert: bool) -> dict[str, Any]:
    """RouteMatch.dynamic_metadata: claims within others are written `.a.b` or `[a][b]`. `invert`: has no such value."""
    rest = named.name.removeprefix(_PREFIX)
    path = tuple(_IN_BRACKETS.findall(rest) if rest.startswith("[") else rest.removeprefix(".").split("."))
    return {**claim_matcher(path, alone_or_listed(string_matcher(named.match))), "invert": invert}
