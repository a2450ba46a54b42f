"""Issuers are asked where their keys are, by the rules that do not say it, and what they said stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from meshd.model.reference import ObjectRef
from meshd.model.request_authentication import JwtRule, RequestAuthentication
from meshd.model.store import Store
from meshd.model.tables import ISSUERS, REQUEST_AUTHENTICATIONS
from meshd.runtime import issuers
from meshd.runtime.issuers import Issuers, NoAnswer, jwks_uri_of

Answer = Callable[[], web.Response]
KEYS = "https://keys.test/keys"


class Issuer:
    """A server whose answer may change."""

    def __init__(self) -> None:
        self.answer: Answer = lambda: web.json_response({"issuer": "me", "jwks_uri": KEYS})
        self.parts: list[bytes] = []
        self.asked = 0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if not self.parts:
            return self.answer()
        response = web.StreamResponse()
        await response.prepare(request)
        for part in self.parts:
            await response.write(part)
            await asyncio.sleep(0.05)
        return response


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[Issuer]:
    made = Issuer()
    app = web.Application()
    app.router.add_get(issuers.WELL_KNOWN, made.handle)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).removesuffix("/")
        yield made


def policy(*rules: JwtRule) -> RequestAuthentication:
    return RequestAuthentication(ObjectRef("RequestAuthentication", "shop", "tokens"), rules=rules)


async def looked(store: Store, times: int = 1, asking: Issuers | None = None) -> Issuers:
    asking = asking or Issuers(store, store.apply)
    for _ in range(times):
        await asking.look()
    return asking


@pytest.mark.asyncio
async def test_an_issuer_is_asked_once_and_forgotten_with_its_rule(issuer: Issuer) -> None:
    store = Store()
    store.apply([(REQUEST_AUTHENTICATIONS, "a", policy(JwtRule(issuer.url), JwtRule("https://b.test", jwks="{}")))])
    asking = await looked(store, times=2)
    assert (store.get(ISSUERS, issuer.url), issuer.asked) == (KEYS, 1)
    store.apply([(REQUEST_AUTHENTICATIONS, "a", None)])
    await looked(store, asking=asking)
    assert store.all(ISSUERS) == ()


@pytest.mark.asyncio
async def test_what_was_said_stays_while_the_issuer_does_not_answer(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuers, "REFRESH_SECONDS", 0.0)
    store = Store()
    store.apply([(REQUEST_AUTHENTICATIONS, "a", policy(JwtRule(issuer.url + "/")))])
    asking = await looked(store)
    issuer.answer = lambda: web.Response(status=503)
    await looked(store, asking=asking)
    assert (store.get(ISSUERS, issuer.url + "/"), issuer.asked) == (KEYS, 2)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: web.Response(status=404), "it answers 404"),
        (lambda: web.Response(text="<html>"), "malformed"),
        (lambda: web.json_response({}), "jwks_uri"),
        (lambda: web.json_response({"jwks_uri": "file:///etc/passwd"}), "is no URL: file:///etc/passwd"),
        (lambda: web.json_response({"jwks_uri": "https://[bad/k"}), "is no URL"),
        (lambda: web.json_response({"jwks_uri": "https:///k"}), "is no URL"),
        (lambda: web.json_response({"jwks_uri": "https://a.test:99999/k"}), "is no URL"),
        (lambda: web.Response(body=b"x" * (issuers.MAXIMUM_BYTES + 1)), "has more than"),
    ],
)
async def test_a_wrong_answer_is_none(issuer: Issuer, answer: Answer, reason: str) -> None:
    issuer.answer = answer
    async with aiohttp.ClientSession() as session:
        with pytest.raises(NoAnswer, match=reason):
            await jwks_uri_of(session, issuer.url)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "name", ["//h", "", "http://[", "http://a..b", "http://127.0.0.1:99999", "http://\udc80", "ftp://a"]
)
async def test_what_is_no_address_is_no_answer(name: str) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(NoAnswer):
            await jwks_uri_of(session, name)


@pytest.mark.asyncio
async def test_a_document_may_come_in_parts(issuer: Issuer) -> None:
    issuer.parts = [b'{"issuer": "me", "padding": "' + b"x" * 9000, b'", "jwks_uri": "https://keys.test/keys"}']
    async with aiohttp.ClientSession() as session:
        assert await jwks_uri_of(session, issuer.url) == KEYS


@pytest.mark.asyncio
async def test_a_redirect_to_nowhere_is_no_answer(issuer: Issuer) -> None:
    issuer.answer = lambda: web.Response(status=302, headers={"location": "//"})
    async with aiohttp.ClientSession() as session:
        with pytest.raises(NoAnswer):
            await jwks_uri_of(session, issuer.url)


@pytest.mark.asyncio
async def test_one_that_cannot_be_reached_holds_up_nobody(issuer: Issuer) -> None:
    store = Store()
    rules = JwtRule("http://127.0.0.1:1"), JwtRule("no-url"), JwtRule(issuer.url)
    store.apply([(REQUEST_AUTHENTICATIONS, "a", policy(*rules))])
    await looked(store)
    assert store.all(ISSUERS) == (KEYS,)
