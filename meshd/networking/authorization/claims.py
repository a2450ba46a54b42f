"""What a request's token says, as principals: claims are in the dynamic metadata of the filter that verified it."""

from typing import Any

from meshd.networking.authentication.claims import alone_or_listed, claim_matcher
from meshd.networking.authorization.lists import NEVER, Convert, Matcher, all_principals
from meshd.networking.authorization.values import string_match


def claim(*path: str) -> Convert:
    """A claim, or one within others: it has the value, or it is a list that holds it."""

    def convert(value: str) -> Matcher:
        return _metadata(path, alone_or_listed(string_match(value)))

    return convert


def request_principal(value: str) -> Matcher:
    """ "<issuer>/<subject>". Both may hold slashes, so each one may be that between them, but not those of a scheme.

    https://istio.io/latest/docs/reference/config/security/authorization-policy/#Source
    """
    cuts = [index for index, character in enumerate(value) if character == "/"]
    parts = [(value[:cut], value[cut + 1 :]) for cut in cuts if not value[:cut].endswith((":", ":/"))]
    if value.startswith("*"):
        pairs = [(string_match(issuer), {"exact": subject}) for issuer, subject in parts]
        pairs.append((string_match("*"), string_match(value)))
    elif value.endswith("*"):
        pairs = [({"exact": issuer}, string_match(subject)) for issuer, subject in parts]
        pairs.append((string_match(value), string_match("*")))
    else:
        pairs = [({"exact": issuer}, {"exact": subject}) for issuer, subject in parts]
    return _one_of([all_principals([_text("iss", issuer), _text("sub", subject)]) for issuer, subject in pairs])


def _one_of(ways: list[Matcher]) -> Matcher:
    if not ways:
        return NEVER
    return ways[0] if len(ways) == 1 else {"or_ids": {"ids": ways}}


def _text(name: str, match: dict[str, Any]) -> Matcher:
    return _metadata((name,), {"string_match": match})


def _metadata(path: tuple[str, ...], value: dict[str, Any]) -> Matcher:
    return {"sourced_metadata": {"metadata_matcher": claim_matcher(path, value)}}
