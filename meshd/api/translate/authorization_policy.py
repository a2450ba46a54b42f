"""AuthorizationPolicy -> the model's."""

from msgspec.structs import asdict

from meshd.api.dry_run import is_dry_run
from meshd.api.istio import authorization_policy as istio
from meshd.api.object import IstioObject
from meshd.api.translate.names import ref_of, selector_labels
from meshd.api.translate.target import gateways_of
from meshd.model.mesh import MeshConfig
from meshd.model.security import Action, AuthorizationPolicy, Condition, Operation, Rule, Source


def translate_authorization_policy(
    istio_object: IstioObject[istio.AuthorizationPolicy], mesh: MeshConfig
) -> AuthorizationPolicy | None:
    """None for one that is attached to nothing this mesh has."""
    spec = istio_object.spec
    gateways = gateways_of(spec)
    if gateways is None:
        return None
    return AuthorizationPolicy(
        ref=ref_of(istio_object),
        action=Action(spec.action),
        selector=selector_labels(spec.selector),
        gateways=gateways,
        rules=tuple(map(_rule, spec.rules)),
        provider=spec.provider.name if spec.provider else "",
        dry_run=is_dry_run(istio_object.metadata),
    )


def _rule(rule: istio.Rule) -> Rule:
    return Rule(
        sources=tuple(Source(**asdict(f.source)) for f in rule.from_ if f.source is not None),
        operations=tuple(Operation(**asdict(t.operation)) for t in rule.to if t.operation is not None),
        conditions=tuple(Condition(c.key, c.values, c.not_values) for c in rule.when),
    )
