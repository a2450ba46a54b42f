"""How a stream begins: who calls, what its first request says, and whether that may be the node it claims to be."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import grpc
from grpc import aio

from meshd.model.service import Proxy
from meshd.xds.authentication import PermissionDenied, ReviewUnavailable, Unauthenticated
from meshd.xds.wire import MalformedRequest, Request

log = logging.getLogger(__name__)

Identity = TypeVar("Identity")

FIRST_REQUEST_SECONDS = 10.0


class Authenticator(Protocol[Identity]):
    """Says who calls, and whether that may be the node it claims to be."""

    async def identify(self, authorization: str) -> Identity:
        """Who `authorization` (the metadata's value) proves the caller to be; nothing is read before."""

    async def admit(self, identity: Identity, node_id: str) -> Proxy:
        """The proxy `node_id`, where it is that of `identity`."""


async def admit(
    context: Any, authenticator: Authenticator[Identity], decode: Callable[[bytes], list[Request]]
) -> tuple[Proxy, list[Request]]:
    """The proxy and its first requests. A caller that is not admitted is told why, and `context` is aborted."""
    metadata = dict(context.invocation_metadata() or ())
    node_id = ""
    try:
        identity = await authenticator.identify(str(metadata.get("authorization", "")))
        requests = decode(await _first_request(context))
        node_id = requests[0].node_id
        return await authenticator.admit(identity, node_id), requests
    except (MalformedRequest, Unauthenticated, PermissionDenied, ReviewUnavailable) as error:
        log.warning("peer=%s node=%r not admitted: %s", context.peer(), node_id, error)
        await context.abort(_status(error), str(error))
        raise


async def _first_request(context: Any) -> bytes:
    """Raises MalformedRequest, also when none comes."""
    try:
        raw = await asyncio.wait_for(context.read(), FIRST_REQUEST_SECONDS)
    except TimeoutError:
        raw = aio.EOF
    if raw is aio.EOF:
        raise MalformedRequest("no request came")
    return bytes(raw)


def _status(error: Exception) -> Any:
    match error:
        case MalformedRequest():
            return grpc.StatusCode.INVALID_ARGUMENT
        case PermissionDenied():
            return grpc.StatusCode.PERMISSION_DENIED
        case ReviewUnavailable():
            return grpc.StatusCode.UNAVAILABLE
    return grpc.StatusCode.UNAUTHENTICATED
