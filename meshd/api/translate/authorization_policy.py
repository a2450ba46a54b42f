"""AuthorizationPolicy -> the model's."""

from msgspec.structs import asdict

from meshd.api.istio import authorization_policy as istio
from meshd.api.object import IstioObject
from meshd.api.translate.names import ref_of, selector_labels
from meshd.model.mesh import MeshConfig
from meshd.model.security import Action, AuthorizationPolicy, Condition, Operation, Rule, Source


def translate_authorization_policy(
    istio_object: IstioObject[istio.AuthorizationPolicy], mesh: MeshConfig
) -> AuthorizationPolicy | None:
    """None for AUDIT, which changes no verdict, for CUSTOM, which the mesh does not have yet, and for policies that
    are attached to something else than workloads."""
    spec = istio_object.spec
    if spec.action not in Action.__members__ or spec.target_ref is not None or spec.target_refs:
        return None
    rules = (_rule(rule) for rule in spec.rules)
    return AuthorizationPolicy(
        ref=ref_of(istio_object),
        action=Action(spec.action),
        selector=selector_labels(spec.selector),
        rules=tuple(rule for rule in rules if rule is not None),
    )


def _rule(rule: istio.Rule) -> Rule | None:
    """None for a rule that no request can fulfil.

    Requests have no principal of their own (no JWT is read), so a source that asks for one never matches, and one
    that excludes some always does.
    """
    named = [f.source for f in rule.from_ if f.source is not None]
    possible = [source for source in named if not source.request_principals]
    if named and not possible:
        return None
    return Rule(
        sources=tuple(_source(source) for source in possible),
        operations=tuple(Operation(**asdict(t.operation)) for t in rule.to if t.operation is not None),
        conditions=tuple(Condition(c.key, c.values, c.not_values) for c in rule.when),
    )


def _source(source: istio.Source) -> Source:
    fields = asdict(source)
    del fields["request_principals"], fields["not_request_principals"]
    return Source(**fields)
