"""What each of our images holds. A recipe's digest is its tag: known before anything is built.

Code is hashed by content; an outside tool by the path it was found at, which holds its version; Python packages
by what requirements.lock pins. Packages and code are different images: a change of code loads in a second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mesh_stack.content import digest, files_digest, source_files
from mesh_stack.site_packages import site_packages, site_packages_digest
from toolchain import ensure
from toolchain.paths import repo_root

if TYPE_CHECKING:
    from clusters.images import ImageConfig

CODE_FOLDER = "/opt/mesh"
PACKAGES_FOLDER = "/opt/packages"
UNPRIVILEGED_USER = 1000
PROXY_USER = 1337
BASE = "base"


@dataclass(frozen=True)
class Recipe:
    """`files` maps an absolute path in the image to a file or folder here; it is called only to build.

    `base` names another recipe, or BASE. `content` is hashed for the tag, with everything else but `files`.
    """

    name: str
    base: str
    content: str
    files: Callable[[], Mapping[str, Path]]
    entrypoint: tuple[str, ...] = ()
    user: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    compiled: tuple[str, ...] = ()
    """Folders in the image whose Python is compiled beforehand: containers cannot write it."""

    def config(self) -> ImageConfig:
        """How a container of the image runs."""
        from clusters.images import ImageConfig

        return ImageConfig(
            entrypoint=self.entrypoint,
            user="" if self.user is None else f"{self.user}:{self.user}",
            env=self.environment,
            compile_python=self.compiled,
        )

    @property
    def digest(self) -> str:
        """Tag of the image; a change of the base's changes it."""
        base = base_digest() if self.base == BASE else recipe(self.base).digest
        settings = repr((self.name, self.entrypoint, self.user, sorted(self.environment.items()), self.compiled))
        return digest(base, settings, self.content)


def base_digest() -> str:
    """Tag of the base image."""
    from clusters.base_image import tag

    return tag().rpartition(":")[2]


def recipe(name: str) -> Recipe:
    """The recipe of image `name`. Raises KeyError for a name that has none."""
    return RECIPES[name]()


def _meshd_packages() -> Recipe:
    return Recipe(
        name="meshd-packages",
        base=BASE,
        content=site_packages_digest("meshd"),
        files=lambda: {PACKAGES_FOLDER: site_packages("meshd")},
        compiled=(PACKAGES_FOLDER,),
    )


def _meshd() -> Recipe:
    return Recipe(
        name="meshd",
        base="meshd-packages",
        content=_code_digest("meshd"),
        files=lambda: {f"{CODE_FOLDER}/meshd": repo_root() / "meshd"},
        entrypoint=("python3", "-m", "meshd"),
        user=UNPRIVILEGED_USER,
        environment=_python(CODE_FOLDER, PACKAGES_FOLDER),
        compiled=(CODE_FOLDER,),
    )


def _shop() -> Recipe:
    return Recipe(
        name="shop",
        base=BASE,
        content=_code_digest("sample_app"),
        files=lambda: {f"{CODE_FOLDER}/sample_app": repo_root() / "sample_app"},
        entrypoint=("python3", "-m", "sample_app"),
        user=UNPRIVILEGED_USER,
        environment=_python(CODE_FOLDER),
        compiled=(CODE_FOLDER,),
    )


def _proxy() -> Recipe:
    """Envoy, and the base's iptables for the init container."""
    envoy = ensure("envoy")
    return Recipe(
        name="proxy",
        base=BASE,
        content=_tool_digest(envoy),
        files=lambda: {"/usr/local/bin/envoy": envoy},
        entrypoint=("/usr/local/bin/envoy",),
        user=PROXY_USER,
    )


def _prometheus() -> Recipe:
    binary = ensure("prometheus")
    pages = binary.parent / "web"
    files = {"/usr/local/bin/prometheus": binary}
    if pages.is_dir():  # Debian's build reads its pages from here
        files["/usr/share/prometheus/web"] = pages
    return Recipe(
        name="prometheus",
        base=BASE,
        content=_tool_digest(binary),
        files=lambda: files,
        entrypoint=("/usr/local/bin/prometheus",),
        user=UNPRIVILEGED_USER,
    )


def _zipkin() -> Recipe:
    jar, runtime = ensure("zipkin"), ensure("jre")
    return Recipe(
        name="zipkin",
        base=BASE,
        content=digest(_tool_digest(jar), _tool_digest(runtime)),
        files=lambda: {"/opt/jre": runtime, "/opt/zipkin/zipkin.jar": jar},
        entrypoint=("/opt/jre/bin/java", "-jar", "/opt/zipkin/zipkin.jar"),
        user=UNPRIVILEGED_USER,
    )


def _code_digest(package: str) -> str:
    files = source_files(repo_root() / package)
    return files_digest((name, path) for name, path in files.items() if path.suffix == ".py")


def _tool_digest(path: Path) -> str:
    """A tool's version is in its path; its size tells two builds of one version apart."""
    size = path.stat().st_size if path.is_file() else 0
    return digest(path.parent.name, path.name, str(size))


def _python(*folders: str) -> dict[str, str]:
    return {"PYTHONPATH": ":".join(folders), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


RECIPES: Mapping[str, Callable[[], Recipe]] = {
    "meshd-packages": _meshd_packages,
    "meshd": _meshd,
    "shop": _shop,
    "proxy": _proxy,
    "prometheus": _prometheus,
    "zipkin": _zipkin,
}
