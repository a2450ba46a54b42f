"""The answer of the validating webhook: an Istio object let in, or refused with every field that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from meshd.api.decode import DecodeError, decode
from meshd.api.istio.message import Message
from meshd.api.object import IstioObject
from meshd.api.validate import validate
from meshd.inject.measures import VALIDATIONS
from meshd.inject.review import Request, allow, refuse

Advise = Callable[[IstioObject[Message]], Sequence[str]]
"""Warnings that take knowledge of the mesh, such as of a subset that no DestinationRule defines."""


def answer_validation(request: Request, advise: Advise) -> dict[str, Any]:
    """The AdmissionReview for an Istio object that is about to be created or changed."""
    if request.operation not in ("CREATE", "UPDATE"):
        return allow(request)
    try:
        istio_object = decode(bytes(request.object))
    except DecodeError as error:
        VALIDATIONS.labels("refused").inc()
        return refuse(request, str(error))
    verdict = validate(istio_object)
    warnings = [f"{istio_object}: {warning}" for warning in verdict.warnings]
    if verdict.errors:
        VALIDATIONS.labels("refused").inc()
        return refuse(request, f"{istio_object}: " + "; ".join(map(str, verdict.errors)), warnings)
    VALIDATIONS.labels("allowed").inc()
    return allow(request, warnings=[*warnings, *advise(istio_object)])
