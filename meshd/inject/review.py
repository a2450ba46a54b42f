"""AdmissionReview, version 1: the API server's question and our answer.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#webhook-request-and-response
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

from meshd.inject.json_patch import Operation

UNPROCESSABLE = 422


class Request(msgspec.Struct, frozen=True):
    """`object` is the raw JSON of what is about to be stored; absent for DELETE."""

    uid: str
    operation: str = "CREATE"
    namespace: str = ""
    object: msgspec.Raw = msgspec.Raw(b"null")


class Review(msgspec.Struct, frozen=True):
    request: Request


_REVIEW = msgspec.json.Decoder(Review)


def read_request(body: bytes) -> Request:
    """Raises msgspec.DecodeError for what is no AdmissionReview with a request."""
    return _REVIEW.decode(body).request


def allow(request: Request, patch: Sequence[Operation] = (), warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Let the object in, changed by `patch`. `kubectl` shows the warnings."""
    response: dict[str, Any] = {"uid": request.uid, "allowed": True}
    if patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(msgspec.json.encode(list(patch))).decode()
    return _review(response, warnings)


def refuse(request: Request, message: str, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Keep the object out; its author reads `message`."""
    status = {"code": UNPROCESSABLE, "reason": "Invalid", "message": message}
    return _review({"uid": request.uid, "allowed": False, "status": status}, warnings)


def _review(response: dict[str, Any], warnings: Sequence[str]) -> dict[str, Any]:
    if warnings:
        response["warnings"] = list(warnings)
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
