"""Which rules about tokens hold for a workload."""

from meshd.model.memo import Reader
from meshd.model.reference import ObjectRef
from meshd.model.request_authentication import JwtRule, RequestAuthentication
from meshd.model.target import applies_to
from meshd.networking.authentication.key_servers import authentications_in
from meshd.networking.scopes import WorkloadScope


def request_authentications(read: Reader, scope: WorkloadScope) -> tuple[RequestAuthentication, ...]:
    """Those of the workload's namespace and of the root namespace that are for it."""
    found = read.query(authentications_in, scope.namespace)
    return tuple(each for each in found if applies_to(each, scope.namespace, scope.labels))


def jwt_rules(read: Reader, scope: WorkloadScope) -> tuple[JwtRule, ...]:
    """The rules of all objects for a workload, each once, by issuer."""
    found = read.query(request_authentications, scope)
    return tuple(sorted(dict.fromkeys(rule for each in found for rule in each.rules), key=lambda rule: rule.issuer))


def authentication_refs(read: Reader, scope: WorkloadScope) -> tuple[ObjectRef, ...]:
    return tuple(each.ref for each in read.query(request_authentications, scope))
