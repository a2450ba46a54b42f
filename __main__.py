"""The stack: a cluster, the mesh on it, where its metrics and traces go, and the sample shop."""

from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s

from mesh_stack import addresses, settings
from mesh_stack.components.certificate_authority import CertificateAuthority, CertificateAuthorityArgs
from mesh_stack.components.cluster import Cluster, ClusterArgs
from mesh_stack.components.control_plane import ControlPlane, ControlPlaneArgs
from mesh_stack.components.images import Images, ImagesArgs
from mesh_stack.components.ingress_gateway import IngressGateway, IngressGatewayArgs
from mesh_stack.components.sample_app import SampleApp, SampleAppArgs
from mesh_stack.components.telemetry import Telemetry, TelemetryArgs

here = Path(__file__).parent
chosen = settings.load()
cluster = Cluster("mesh", ClusterArgs(chosen))
images = Images("images", ImagesArgs(chosen, cluster.identity))
inside = pulumi.ResourceOptions(provider=cluster.kubernetes_provider)
namespace = k8s.core.v1.Namespace("istio-system", metadata={"name": "istio-system"}, opts=inside)
root = namespace.metadata.name

authority = CertificateAuthority("root", CertificateAuthorityArgs(chosen.trust_domain))
telemetry = Telemetry("telemetry", TelemetryArgs(root, images.prometheus, images.zipkin, images.base), inside)
control_plane = ControlPlane(
    "meshd",
    ControlPlaneArgs(
        namespace=root,
        image=images.meshd,
        proxy_image=images.proxy,
        certificate=authority.certificate,
        key=authority.key,
        trust_domain=chosen.trust_domain,
        tracing_sampling=chosen.tracing_sampling,
        mesh_config=chosen.mesh_config,
    ),
    inside,
)
meshed = pulumi.ResourceOptions(provider=cluster.kubernetes_provider, depends_on=[control_plane])
roll_on = {"proxy-image": images.proxy, "root": authority.certificate}
gateway = IngressGateway("ingress-gateway", IngressGatewayArgs(root, roll_on, chosen.gateway_service_type), meshed)
if chosen.shop:
    SampleApp("shop", SampleAppArgs(images.shop, here / "sample_app/manifests", here / "examples/shop"), meshed)

for name, address in addresses.of(chosen, gateway.load_balancer_address).items():
    pulumi.export(name, address)
pulumi.export("testImage", images.base)
pulumi.export("kubeconfig", pulumi.Output.secret(cluster.kubeconfig))
