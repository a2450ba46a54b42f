"""Who may talk to whom: AuthorizationPolicies as Envoy's RBAC filters."""
