"""The mesh's own objects as typed resources: fields are Istio's, so its documentation describes them."""

from mesh_stack.components.policies.authorization_policy import AuthorizationPolicy, AuthorizationPolicyArgs
from mesh_stack.components.policies.destination_rule import DestinationRule, DestinationRuleArgs
from mesh_stack.components.policies.gateway import Gateway, GatewayArgs
from mesh_stack.components.policies.peer_authentication import PeerAuthentication, PeerAuthenticationArgs
from mesh_stack.components.policies.sidecar import Sidecar, SidecarArgs
from mesh_stack.components.policies.virtual_service import VirtualService, VirtualServiceArgs

__all__ = [
    "AuthorizationPolicy",
    "AuthorizationPolicyArgs",
    "DestinationRule",
    "DestinationRuleArgs",
    "Gateway",
    "GatewayArgs",
    "PeerAuthentication",
    "PeerAuthenticationArgs",
    "Sidecar",
    "SidecarArgs",
    "VirtualService",
    "VirtualServiceArgs",
]
