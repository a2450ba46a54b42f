"""Validation of ProxyConfig."""

from __future__ import annotations

from .samples import errors, warnings


def test_variables_that_kubernetes_or_the_proxy_would_not_take_are_refused() -> None:
    assert errors("ProxyConfig", "{environmentVariables: {A.b-c_1: x}}") == []
    (found,) = errors("ProxyConfig", "{environmentVariables: {1A: x}}")
    assert "must be the name of a variable" in found
    (found,) = errors("ProxyConfig", "{environmentVariables: {POD_IP: x}}")
    assert found.startswith("spec.environmentVariables.POD_IP: is set by the injector")


def test_variables_of_istios_agent_are_reported() -> None:
    (found,) = warnings("ProxyConfig", "{environmentVariables: {ISTIO_META_DNS_CAPTURE: 'true', A: b}}")
    assert found.startswith("spec.environmentVariables.ISTIO_META_DNS_CAPTURE: is set, but speaks to Istio's agent")
