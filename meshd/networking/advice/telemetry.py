"""Of Telemetries: pods that are not there, providers that nobody set up, and collectors that are not there."""

from collections.abc import Iterator

from meshd.model.memo import Reader
from meshd.model.provider import collectors_of
from meshd.model.telemetry import Telemetry
from meshd.networking.advice.finding import Finding
from meshd.networking.advice.targets import of_targets
from meshd.networking.lookup import mesh_config, service_of


def of_telemetry(read: Reader, telemetry: Telemetry) -> Iterator[Finding]:
    yield from of_targets(read, telemetry, of_namespace=True)
    mesh = mesh_config(read)
    for name in telemetry.providers():
        provider = mesh.provider(name)
        if provider is None:
            known = ", ".join(sorted(each.name for each in mesh.providers))
            yield Finding("spec", f"there is no provider {name}: nothing is reported to it; there are {known}")
        for collector in collectors_of(provider) if provider else ():
            service = service_of(read, collector.host)
            if service is None or service.port(collector.port) is None:
                text = f"provider {name} has no service {collector.host}:{collector.port} yet"
                yield Finding("spec", text, missing=True)
