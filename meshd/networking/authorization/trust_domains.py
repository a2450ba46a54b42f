"""Trust domains with several names: who is meant by one is meant by all.

https://istio.io/latest/docs/tasks/security/authorization/authz-td-migration/
"""

from dataclasses import replace

from meshd.model.mesh import MeshConfig
from meshd.model.security import Condition, Rule, Source

_LOCAL = "cluster.local"
"""In a policy it stands for the mesh's own trust domain, whatever that is called."""


def with_aliases(rule: Rule, mesh: MeshConfig) -> Rule:
    """`rule` with each principal and trust domain of the mesh under all of the mesh's names."""
    domains = (mesh.trust_domain, *mesh.trust_domain_aliases)
    if domains == (_LOCAL,):
        return rule
    return replace(
        rule,
        sources=tuple(_source(source, domains) for source in rule.sources),
        conditions=tuple(_condition(condition, domains) for condition in rule.conditions),
    )


def _source(source: Source, domains: tuple[str, ...]) -> Source:
    return replace(
        source,
        principals=_principals(source.principals, domains),
        not_principals=_principals(source.not_principals, domains),
        trust_domains=_trust_domains(source.trust_domains, domains),
        not_trust_domains=_trust_domains(source.not_trust_domains, domains),
    )


def _condition(condition: Condition, domains: tuple[str, ...]) -> Condition:
    widen = {"source.principal": _principals, "source.trustDomain": _trust_domains}.get(condition.key)
    if widen is None:
        return condition
    return replace(condition, values=widen(condition.values, domains), not_values=widen(condition.not_values, domains))


def _principals(values: tuple[str, ...], domains: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for value in values for each in _names(value, domains)))


def _names(principal: str, domains: tuple[str, ...]) -> tuple[str, ...]:
    """What is no whole identity, or one of any trust domain, stays as it is."""
    domain, _, rest = principal.partition("/")
    if rest.count("/") != 3 or domain == "*" or not (domain == _LOCAL or any(_fits(domain, each) for each in domains)):
        return (principal,)
    return tuple(principal if _fits(domain, each) else f"{each}/{rest}" for each in domains)


def _fits(domain: str, known: str) -> bool:
    return known.endswith(domain[1:]) if domain.startswith("*") else known == domain


def _trust_domains(values: tuple[str, ...], domains: tuple[str, ...]) -> tuple[str, ...]:
    widened = (domains if value in (*domains, _LOCAL) else (value,) for value in values)
    return tuple(dict.fromkeys(each for names in widened for each in names))
