"""Of RequestAuthentications: pods that are not there, and issuers that have not said where their keys are."""

from collections.abc import Iterator

from meshd.model.memo import Reader
from meshd.model.request_authentication import RequestAuthentication
from meshd.model.tables import ISSUERS
from meshd.networking.advice.finding import Finding
from meshd.networking.advice.targets import of_targets


def of_request_authentication(read: Reader, policy: RequestAuthentication) -> Iterator[Finding]:
    yield from of_targets(read, policy)
    for index, rule in enumerate(policy.rules):
        if rule.asks_issuer and read.get(ISSUERS, rule.issuer) is None:
            text = f"{rule.issuer} has not said where its keys are yet: until it does, every token of it is refused"
            yield Finding(f"spec.jwtRules[{index}].issuer", text, missing=True)
