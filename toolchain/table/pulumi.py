"""Pulumi: the CLI with its Python language host, and the Kubernetes provider.

Both match the Python packages pinned in requirements.lock. The language host, its `-exec` script and
`pulumi-resource-pulumi-python` (dynamic providers) must lie beside the CLI.
"""

from __future__ import annotations

from toolchain.tool import Download, GoBuild, ModuleFile, OnPath, Tool, at_least

PLUGINS = ("pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python")

_RELEASE = "https://github.com/pulumi/pulumi/releases/download/v{version}"
_PROVIDER_RELEASE = "https://github.com/pulumi/pulumi-kubernetes/releases/download/v{version}"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
_PROVIDER = "github.com/pulumi/pulumi-kubernetes/provider/v4"

PULUMI = Tool(
    name="pulumi",
    version="3.259.0",
    files=("pulumi", *PLUGINS),
    on_path=OnPath(at_least((3, 259), (4,)), probe=("version",)),
    releases=(
        Download(
            url=_RELEASE + "/pulumi-v{version}-linux-{pulumi_arch}.tar.gz",
            checksums=_RELEASE + "/pulumi-{version}-checksums.txt",
            members={f"pulumi/{name}": name for name in ("pulumi", *PLUGINS)},
        ),
    ),
    recipes=(
        GoBuild(
            module="pulumi",
            packages={"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
            tags=("osusergo", "grpcnotrace"),
            variables={f"{_SDK}/go/common/version.Version": "v3.259.0"},
            copy=(
                ModuleFile(_SDK, f"python/cmd/{PLUGINS[1]}", PLUGINS[1], executable=True),
                ModuleFile(_SDK, f"python/dist/{PLUGINS[2]}", PLUGINS[2], executable=True),
            ),
            disk_gb=3,
        ),
        # The last version of the SDK's module that still holds the language host.
        GoBuild(
            module="pulumi-language-python",
            packages={"pulumi-language-python": f"{_SDK}/python/cmd/pulumi-language-python"},
            disk_gb=0.5,
        ),
    ),
)

PULUMI_KUBERNETES = Tool(
    name="pulumi-resource-kubernetes",
    version="4.25.0",
    files=("pulumi-resource-kubernetes",),
    releases=(
        Download(
            url=_PROVIDER_RELEASE + "/pulumi-resource-kubernetes-v{version}-linux-{arch}.tar.gz",
            checksums=_PROVIDER_RELEASE + "/pulumi-kubernetes_{version}_checksums.txt",
            members={"pulumi-resource-kubernetes": "pulumi-resource-kubernetes"},
        ),
    ),
    recipes=(
        GoBuild(
            module="pulumi-resource-kubernetes",
            packages={"pulumi-resource-kubernetes": "."},
            variables={f"{_PROVIDER}/pkg/version.Version": "4.25.0"},
            embed=(
                ModuleFile(_PROVIDER, "cmd/pulumi-resource-kubernetes/schema.json", "schema.json"),
                ModuleFile(
                    _PROVIDER,
                    "cmd/pulumi-resource-kubernetes/terraform-mapping.json",
                    "terraform-mapping.json",
                ),
            ),
            disk_gb=5,
        ),
    ),
)
