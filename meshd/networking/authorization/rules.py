"""One rule of an AuthorizationPolicy as an Envoy RBAC policy: permissions (what) and principals (who)."""

from functools import partial

from envoy.config.rbac.v3 import rbac_pb2

from meshd.model.security import Action, Operation, Rule, Source
from meshd.networking.authorization.claims import request_principal
from meshd.networking.authorization.conditions import is_permission, matchers
from meshd.networking.authorization.lists import Matcher, all_permissions, all_principals, permissions, principals
from meshd.networking.authorization.values import (
    cidr,
    header,
    host_header,
    namespace_principal,
    path,
    peer_principal,
    service_account_principal,
    trust_domain_principal,
)


def rbac_policy(rule: Rule, namespace: str, action: Action) -> rbac_pb2.Policy:
    """https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/rbac/v3/rbac.proto"""
    sources = [_source(source, namespace) for source in rule.sources] or [[]]
    operations = [_operation(operation) for operation in rule.operations] or [[]]
    who = [m for c in rule.conditions if not is_permission(c) for m in matchers(c, namespace, action)]
    what = [m for c in rule.conditions if is_permission(c) for m in matchers(c, namespace, action)]
    return rbac_pb2.Policy(
        principals=[all_principals([*parts, *who]) for parts in sources],
        permissions=[all_permissions([*parts, *what]) for parts in operations],
    )


def _source(source: Source, namespace: str) -> list[Matcher]:
    def direct(value: str) -> Matcher:
        return {"direct_remote_ip": cidr(value)}

    def remote(value: str) -> Matcher:
        return {"remote_ip": cidr(value)}

    account = partial(service_account_principal, namespace=namespace)
    return [
        *principals(source.principals, source.not_principals, peer_principal),
        *principals(source.request_principals, source.not_request_principals, request_principal),
        *principals(source.namespaces, source.not_namespaces, namespace_principal),
        *principals(source.service_accounts, source.not_service_accounts, account),
        *principals(source.trust_domains, source.not_trust_domains, trust_domain_principal),
        *principals(source.ip_blocks, source.not_ip_blocks, direct),
        *principals(source.remote_ip_blocks, source.not_remote_ip_blocks, remote),
    ]


def _operation(operation: Operation) -> list[Matcher]:
    def port(value: str) -> Matcher:
        return {"destination_port": int(value)}

    def method(value: str) -> Matcher:
        return {"header": header(":method", value)}

    return [
        *permissions(operation.hosts, operation.not_hosts, lambda value: {"header": host_header(value)}),
        *permissions(operation.ports, operation.not_ports, port),
        *permissions(operation.methods, operation.not_methods, method),
        *permissions(operation.paths, operation.not_paths, path),
    ]
