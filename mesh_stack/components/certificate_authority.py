"""The mesh's root of trust: made once and kept in Pulumi's state, so that webhooks and meshd agree on it.

meshd issues workload certificates and its own serving certificate from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

from mesh_stack import root_certificate

REPLACED_WHEN_CHANGED = ("trustDomain", "validityDays")


@dataclass(frozen=True)
class CertificateAuthorityArgs:
    """`trust_domain` is the root's organisation; `validity_days` how long it holds."""

    trust_domain: str
    validity_days: int = 3650


class CertificateAuthority(pulumi.ComponentResource):
    """A self-signed EC P-256 root."""

    certificate: pulumi.Output[str]
    """PEM."""
    key: pulumi.Output[str]
    """PEM, PKCS #8, unencrypted (secret)."""

    def __init__(self, name: str, args: CertificateAuthorityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mesh-stack:certificate_authority:CertificateAuthority", name, {}, opts)
        root = RootCertificate(name, args, pulumi.ResourceOptions(parent=self))
        self.certificate, self.key = root.certificate, root.key
        self.register_outputs({"certificate": self.certificate, "key": self.key})


class RootCertificateLifecycle(ResourceProvider):
    """What Pulumi calls to make a root; it lives in the state only: nothing to read or delete."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        made = root_certificate.create(props["trustDomain"], int(props["validityDays"]))
        outputs = {key: props[key] for key in REPLACED_WHEN_CHANGED}
        return CreateResult(made.serial, {**outputs, "certificate": made.certificate, "key": made.key})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        changed = [key for key in REPLACED_WHEN_CHANGED if _olds.get(key) != _news.get(key)]
        return DiffResult(changes=bool(changed), replaces=changed)


class RootCertificate(Resource, module="mesh-stack", name="RootCertificate"):
    """The root behind `CertificateAuthority`."""

    certificate: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(self, name: str, args: CertificateAuthorityArgs, opts: pulumi.ResourceOptions) -> None:
        inputs = {"trustDomain": args.trust_domain, "validityDays": args.validity_days}
        secret = pulumi.ResourceOptions(additional_secret_outputs=["key"])
        super().__init__(
            RootCertificateLifecycle(),
            name,
            {**inputs, "certificate": None, "key": None},
            pulumi.ResourceOptions.merge(opts, secret),
        )
