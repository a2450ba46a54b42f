"""Settings: what is written is taken, what is wrong is named in one line."""

from datetime import timedelta
from pathlib import Path

import pytest

from meshd.__main__ import main
from meshd.model.ext_authz import CheckedBody, ExtAuthzProvider
from meshd.model.locality import Distribute, LocalityLbSetting
from meshd.model.mesh import MeshConfig, PathNormalization
from meshd.runtime.settings import Settings, StartError, load_settings, read_arguments


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mesh.yaml"
    path.write_text(text)
    return path


def test_yaml_becomes_mesh_and_inject_settings(tmp_path: Path) -> None:
    text = """
        trustDomain: example.org
        rootNamespace: mesh
        proxyImage: mesh-stack/proxy:1
        tracing: {sampling: 50, zipkin: {host: zipkin.mesh, port: 9412}}
        workloadCertificateHours: 0.5
        sidecar: {concurrency: 4, cpuLimit: "1"}
    """
    settings = load_settings(write(tmp_path, text))
    assert settings.mesh == MeshConfig(
        trust_domain="example.org",
        root_namespace="mesh",
        zipkin_host="zipkin.mesh",
        zipkin_port=9412,
        tracing_sampling=50,
    )
    assert settings.inject.proxy_image == "mesh-stack/proxy:1"
    assert settings.inject.discovery_address == "meshd.mesh.svc:15012"
    assert (settings.inject.concurrency, settings.inject.cpu_limit) == (4, "1")
    assert settings.inject.mesh == settings.mesh
    assert settings.workload_certificate_ttl == timedelta(minutes=30)
    assert settings.serving_names[:3] == ("meshd.mesh.svc", "meshd.mesh.svc.cluster.local", "meshd.mesh")


def test_what_authorization_takes_from_the_mesh(tmp_path: Path) -> None:
    text = """
        trustDomainAliases: [old.example]
        pathNormalization: {normalization: DECODE_AND_MERGE_SLASHES}
        extensionProviders:
        - name: over-http
          envoyExtAuthzHttp:
            service: tools/Authz.tools.svc.cluster.local
            port: 8000
            timeout: 1.5s
            failOpen: true
            statusOnError: "503"
            clearRouteCache: true
            pathPrefix: /check
            includeRequestHeadersInCheck: [cookie, "x-b3-*"]
            includeAdditionalHeadersInCheck: {x-by: mesh}
            includeRequestBodyInCheck: {maxRequestBytes: 1024, allowPartialMessage: true, packAsBytes: true}
            headersToUpstreamOnAllow: [a]
            headersToDownstreamOnAllow: [b]
            headersToDownstreamOnDeny: [c]
        - name: over-grpc
          envoyExtAuthzGrpc: {service: authz.example, port: 9000}
    """
    mesh = load_settings(write(tmp_path, text)).mesh
    assert mesh.trust_domain_aliases == ("old.example",)
    assert mesh.path_normalization is PathNormalization.DECODE_AND_MERGE_SLASHES
    assert mesh.ext_authz_providers == (
        ExtAuthzProvider(
            name="over-http",
            host="authz.tools.svc.cluster.local",
            port=8000,
            is_grpc=False,
            namespace="tools",
            timeout=1.5,
            fail_open=True,
            status_on_error=503,
            body=CheckedBody(1024, allow_partial=True, as_bytes=True),
            clear_route_cache=True,
            path_prefix="/check",
            checked_headers=("cookie", "x-b3-*"),
            added_headers=(("x-by", "mesh"),),
            upstream_headers_on_allow=("a",),
            downstream_headers_on_allow=("b",),
            downstream_headers_on_deny=("c",),
        ),
        ExtAuthzProvider("over-grpc", "authz.example", 9000, is_grpc=True),
    )


def test_localities_are_weighed_as_told(tmp_path: Path) -> None:
    shares = "localityLbSetting: {distribute: [{from: eu/*, to: {eu: 80, us: 20}}]}"
    assert load_settings(write(tmp_path, shares)).mesh.locality_lb_setting == LocalityLbSetting(
        (Distribute("eu/*", (("eu", 80), ("us", 20))),)
    )
    assert not load_settings(write(tmp_path, "localityLbSetting: {enabled: false}")).mesh.locality_lb_setting.enabled


def provider(more: str, name: str = "a") -> str:
    return f"{{name: {name}, envoyExtAuthzHttp: {{service: a.b, port: 80{more}}}}}"


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path, "")) == Settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trustDomain: 3", r"Expected `str`, got `int` - at `\$.trustDomain`"),
        ("trustdomain: x", "unknown field `trustdomain`"),
        ("tracing: {sampling: 101}", "percentage"),
        ("workloadCertificateHours: 0", "workloadCertificateHours"),
        ("a: [", "is not YAML"),
        ("pathNormalization: {normalization: ALL}", "Invalid enum value 'ALL'"),
        (f"extensionProviders: [{provider('')}, {provider('')}]", "only once"),
        ("extensionProviders: [{name: a}]", "exactly one kind of provider"),
        (f"extensionProviders: [{provider(', timeout: soon')}]", "timeout must be a duration"),
        (f"extensionProviders: [{provider(', statusOnError: often')}]", "statusOnError must be a status code"),
        (f"extensionProviders: [{provider(', pathPrefix: check')}]", "pathPrefix must begin with /"),
        (f"extensionProviders: [{provider(', includeAdditionalHeadersInCheck: {a b: c}')}]", "no header"),
        (f"extensionProviders: [{provider(', includeRequestBodyInCheck: {maxRequestBytes: 0}')}]", "maxRequestBytes"),
        ("extensionProviders: [{name: a, envoyExtAuthzGrpc: {service: a, port: 0}}]", "service and port"),
        ("localityLbSetting: {distribute: [{from: a, to: {b: 9}}]}", r"distribute\[0\].to: the shares must make 100"),
        ("- a", "Expected `object`, got `array`"),
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(StartError, match=message):
        load_settings(write(tmp_path, text))


def test_a_missing_file_or_root_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(tmp_path / "none.yaml")]) == 1
    assert main(["--config", str(write(tmp_path, "")), "--ca", str(tmp_path)]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("meshd: cannot read the settings")
    assert second.startswith("meshd: cannot read the root of the mesh")


@pytest.mark.parametrize("address", ["0.0.0.0:15010", "10.0.0.1:15010", "127.0.0.1", "localhost:x", ":15010"])
def test_insecure_ads_listens_on_loopback_only(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_arguments(["--insecure-xds", address])
    assert "is not a loopback address" in capsys.readouterr().err


def test_insecure_ads_takes_loopback_of_both_families() -> None:
    for address in ("127.0.0.1:15010", "[::1]:15010"):
        assert read_arguments(["--insecure-xds", address]).insecure_xds == address
