"""A client of delta ADS that says whatever a test wants it to say.

https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#incremental-xds
"""

from __future__ import annotations

import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import grpc
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
ANSWER_SECONDS = 15.0
CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"


@dataclass(frozen=True)
class Ending:
    """How the server ended a stream, and the types of the responses that came before."""

    code: grpc.StatusCode
    details: str
    served: tuple[str, ...]


class AdsStream:
    """One stream. Requests go out when they are made; responses are read one at a time."""

    def __init__(self, channel: grpc.Channel, token: str | None) -> None:
        self._requests: queue.Queue[DeltaDiscoveryRequest | None] = queue.Queue()
        call = channel.stream_stream(
            METHOD,
            request_serializer=DeltaDiscoveryRequest.SerializeToString,
            response_deserializer=DeltaDiscoveryResponse.FromString,
        )
        metadata = [("authorization", f"Bearer {token}")] if token is not None else []
        self._call = call(iter(self._requests.get, None), metadata=metadata, timeout=ANSWER_SECONDS)

    def send(self, node_id: str, type_url: str, names: Sequence[str] = (), nonce: str = "") -> None:
        """Subscribe to `names` of a type; with a nonce acknowledge a response as well."""
        request = DeltaDiscoveryRequest(
            node={"id": node_id}, type_url=type_url, resource_names_subscribe=names, response_nonce=nonce
        )
        self._requests.put(request)

    def read(self) -> DeltaDiscoveryResponse:
        """The next response. Raises grpc.RpcError when the stream ends instead."""
        response: DeltaDiscoveryResponse = next(self._call)
        return response

    def ending(self) -> Ending:
        """Read to the end of the stream."""
        served: list[str] = []
        try:
            while True:
                served.append(next(self._call).type_url)
        except grpc.RpcError as error:
            return Ending(error.code(), error.details() or "", tuple(served))

    def secrets(self, node_id: str, names: Sequence[str]) -> tuple[dict[str, Secret], set[str]]:
        """Ask for secrets by name: those that came, and the names said not to exist. Waits until all are answered."""
        self.send(node_id, SECRET, names)
        came: dict[str, Secret] = {}
        absent: set[str] = set()
        while not set(names) <= came.keys() | absent:
            response = self.read()
            for resource in response.resources:
                came[resource.name] = Secret.FromString(resource.resource.value)
            absent.update(response.removed_resources)
            self.send(node_id, response.type_url, nonce=response.nonce)
        return came, absent

    def close(self) -> None:
        """End the stream."""
        self._requests.put(None)
        self._call.cancel()
        with suppress(grpc.RpcError, StopIteration):
            while True:
                next(self._call)


@contextmanager
def stream(channel: grpc.Channel, token: str | None) -> Iterator[AdsStream]:
    """A stream that is closed at the end of the block."""
    opened = AdsStream(channel, token)
    try:
        yield opened
    finally:
        opened.close()


def tls_channel(port: int, root_pem: bytes, server_name: str) -> grpc.Channel:
    """A channel to a port of this machine, as whose TLS name `server_name` is expected."""
    options = (("grpc.ssl_target_name_override", server_name),)
    return grpc.secure_channel(f"127.0.0.1:{port}", grpc.ssl_channel_credentials(root_pem), options=options)


def plaintext_channel(port: int) -> grpc.Channel:
    """A channel without TLS."""
    return grpc.insecure_channel(f"127.0.0.1:{port}")
