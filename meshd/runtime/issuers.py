"""Asks issuers of tokens where their keys are, for rules that do not say it (OpenID Connect Discovery).

https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
https://istio.io/latest/docs/reference/config/security/jwt/#JWTRule-jwks_uri
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

import aiohttp
import msgspec

from meshd.api.validate.url import is_url
from meshd.model.store import Store
from meshd.model.tables import ISSUERS, REQUEST_AUTHENTICATIONS, Change

log = logging.getLogger(__name__)

WELL_KNOWN = "/.well-known/openid-configuration"
LOOK_SECONDS = 1.0
"""Between two looks at which issuers rules name."""
REFRESH_SECONDS = 1200.0
"""Until an issuer that answered is asked again; Istio's interval."""
RETRY_SECONDS = 10.0
TIMEOUT_SECONDS = 5.0
MAXIMUM_BYTES = 1024 * 1024


class NoAnswer(Exception):
    """An issuer does not say where its keys are, with the reason."""


class _Document(msgspec.Struct):
    jwks_uri: str


class Issuers:
    """Keeps the table ISSUERS. What an issuer once said stays while it does not answer."""

    def __init__(self, store: Store, submit: Callable[[Sequence[Change]], object]) -> None:
        self._store = store
        self._submit = submit
        self.looked = asyncio.Event()
        """Set once those that were named at the start were asked."""
        self._next: dict[str, float] = {}
        self._failed: set[str] = set()

    async def run(self, known: asyncio.Event) -> None:
        """Look and ask, without end, once the objects are known."""
        await known.wait()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)) as session:
            while True:
                await self.look(session)
                self.looked.set()
                await asyncio.sleep(LOOK_SECONDS)

    async def look(self, session: aiohttp.ClientSession) -> None:
        """Ask those whose turn it is, all at once, and forget those that no rule names any more."""
        named = {str(issuer) for issuer in self._store.values(REQUEST_AUTHENTICATIONS, "asked_issuer")}
        for gone in self._next.keys() - named:
            del self._next[gone]
            self._failed.discard(gone)
            self._submit([(ISSUERS, gone, None)])
        now = time.monotonic()
        due = [issuer for issuer in sorted(named) if self._next.get(issuer, now) <= now]
        await asyncio.gather(*(self._ask(session, issuer) for issuer in due))

    async def _ask(self, session: aiohttp.ClientSession, issuer: str) -> None:
        try:
            uri = await jwks_uri_of(session, issuer)
        except NoAnswer as error:
            if issuer not in self._failed:
                log.warning("issuer %s does not say where its keys are: %s: set jwksUri", issuer, error)
            self._failed.add(issuer)
            self._next[issuer] = time.monotonic() + RETRY_SECONDS
            return
        self._failed.discard(issuer)
        self._next[issuer] = time.monotonic() + REFRESH_SECONDS
        if self._store.get(ISSUERS, issuer) != uri:
            log.info("issuer %s has its keys at %s", issuer, uri)
            self._submit([(ISSUERS, issuer, uri)])


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
