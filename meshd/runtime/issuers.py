"""Asks issuers of tokens where their keys are, for rules that do not say it (OpenID Connect Discovery).

https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
https://istio.io/latest/docs/reference/config/security/jwt/#JWTRule-jwks_uri
"""

import logging
from collections.abc import Callable, Sequence

import aiohttp
import msgspec

from meshd.api.validate.url import is_url
from meshd.model.store import Store
from meshd.model.tables import ISSUERS, REQUEST_AUTHENTICATIONS, Change
from meshd.runtime.inquiry import Inquiry

log = logging.getLogger(__name__)

WELL_KNOWN = "/.well-known/openid-configuration"
REFRESH_SECONDS = 1200.0
"""Until an issuer that answered is asked again; Istio's interval."""
RETRY_SECONDS = 10.0
TIMEOUT_SECONDS = 5.0
MAXIMUM_BYTES = 1024 * 1024


class NoAnswer(Exception):
    """An issuer does not say where its keys are, with the reason."""


class _Document(msgspec.Struct):
    jwks_uri: str


class Issuers(Inquiry[str]):
    """Keeps the table ISSUERS. What an issuer once said stays while it does not answer."""

    def __init__(self, store: Store, submit: Callable[[Sequence[Change]], object]) -> None:
        super().__init__()
        self._store = store
        self._submit = submit
        self._failed: set[str] = set()

    def named(self) -> set[str]:
        return {str(issuer) for issuer in self._store.values(REQUEST_AUTHENTICATIONS, "asked_issuer")}

    def forget(self, name: str) -> None:
        self._failed.discard(name)
        self._submit([(ISSUERS, name, None)])

    async def ask(self, name: str) -> float:
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)) as session:
                uri = await jwks_uri_of(session, name)
        except NoAnswer as error:
            if name not in self._failed:
                log.warning("issuer %s does not say where its keys are: %s: set jwksUri", name, error)
            self._failed.add(name)
            return RETRY_SECONDS
        self._failed.discard(name)
        if self._store.get(ISSUERS, name) != uri:
            log.info("issuer %s has its keys at %s", name, uri)
            self._submit([(ISSUERS, name, uri)])
        return REFRESH_SECONDS


async def jwks_uri_of(session: aiohttp.ClientSession, issuer: str) -> str:
    """What the issuer's document says. Raises NoAnswer, whatever an author took for an issuer."""
    if not is_url(issuer):
        raise NoAnswer("it is no URL")
    try:
        async with session.get(issuer.removesuffix("/") + WELL_KNOWN) as answer:
            if answer.status != 200:
                raise NoAnswer(f"it answers {answer.status}")
            text = bytearray()
            async for chunk in answer.content.iter_chunked(65536):
                text += chunk
                if len(text) > MAXIMUM_BYTES:
                    raise NoAnswer(f"its document has more than {MAXIMUM_BYTES} bytes")
        uri = msgspec.json.decode(text, type=_Document).jwks_uri
    except NoAnswer:
        raise
    except Exception as error:  # hosts, redirects and documents are others' words: none of them may end meshd
        raise NoAnswer(str(error) or type(error).__name__) from None
    if not is_url(uri):
        raise NoAnswer(f"its jwks_uri is no URL: {uri}")
    return uri
