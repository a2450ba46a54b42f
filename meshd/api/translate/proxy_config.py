"""ProxyConfig -> the model's."""

from meshd.api.istio import proxy_config as istio
from meshd.api.object import IstioObject
from meshd.api.translate.names import created, ref_of, selector_labels
from meshd.model.mesh import MeshConfig
from meshd.model.proxy_config import ProxyConfig


def translate_proxy_config(istio_object: IstioObject[istio.ProxyConfig], mesh: MeshConfig) -> ProxyConfig:
    spec = istio_object.spec
    return ProxyConfig(
        ref=ref_of(istio_object),
        selector=selector_labels(spec.selector),
        concurrency=spec.concurrency,
        environment=tuple(sorted(spec.environment_variables.items())),
        image_type=spec.image.image_type if spec.image else "",
        created=created(istio_object),
    )
