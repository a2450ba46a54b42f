"""AuthorizationPolicy -> the model's."""

from msgspec.structs import asdict

from meshd.api.istio import authorization_policy as istio
from meshd.api.object import IstioObject
from meshd.api.translate.names import ref_of, selector_labels
from meshd.model.mesh import MeshConfig
from meshd.model.security import Action, AuthorizationPolicy, Condition, Operation, Rule, Source

_UNKNOWN_TO_MODEL = ("request_principals", "not_request_principals", "trust_domains", "not_trust_domains")


def translate_authorization_policy(
    istio_object: IstioObject[istio.AuthorizationPolicy], mesh: MeshConfig
) -> AuthorizationPolicy | None:
    """None for AUDIT, which changes no verdict, and for CUSTOM, which the mesh does not have yet."""
    spec = istio_object.spec
    if spec.action not in Action.__members__:
        return None
    return AuthorizationPolicy(
        ref=ref_of(istio_object),
        action=Action(spec.action),
        selector=selector_labels(spec.selector),
        rules=tuple(_rule(rule) for rule in spec.rules),
    )


def _rule(rule: istio.Rule) -> Rule:
    return Rule(
        sources=tuple(_source(f.source) for f in rule.from_ if f.source is not None),
        operations=tuple(Operation(**asdict(t.operation)) for t in rule.to if t.operation is not None),
        conditions=tuple(Condition(c.key, c.values, c.not_values) for c in rule.when),
    )


def _source(source: istio.Source) -> Source:
    fields = asdict(source)
    for name in _UNKNOWN_TO_MODEL:
        fields.pop(name)
    return Source(**fields)
