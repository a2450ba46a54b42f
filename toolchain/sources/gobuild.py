"""A tool built from its Go module, through a small module of ours that pins it and everything it needs."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path

from toolchain.errors import UserError
from toolchain.paths import repo_root
from toolchain.progress import Step
from toolchain.run import run
from toolchain.sources import debian, gocaches
from toolchain.tool import GoBuild, ModuleFile, Version, parse_version

BUILD_SECONDS = 3600.0
DOWNLOAD_SECONDS = 900.0
FLAGS = ("-v", "-trimpath", "-pgo=off", "-gcflags=all=-dwarf=false")
"""Nobody debugs these programs: the compiler need not say where each variable is, which takes a tenth of its time."""


def fetch(recipe: GoBuild, into: Path, step: Step) -> str:
    """Build all binaries of `recipe` into `into` and copy the files it names.

    Raises UserError when Go is missing or too old, or a build fails.
    """
    module = module_folder(recipe)
    go = require_go(module)
    with gocaches.building(), tempfile.TemporaryDirectory(dir=into.parent, prefix=".tmp-") as folder:
        work = Path(folder, "module")
        shutil.copytree(module, work)
        step.update("fetching modules")
        for item in recipe.embed:
            _copy_module_file(go, item, work, work / item.name)
        for item in recipe.copy:
            _copy_module_file(go, item, work, into / item.name)
        if recipe.packages:
            built = Path(folder, "built")
            built.mkdir()
            _build(go, recipe, work, built, step)
            for name, package in recipe.packages.items():
                (built / _executable(package, module)).rename(into / name)
    return f"built from {_required(module, recipe)}"


def module_folder(recipe: GoBuild) -> Path:
    """Our module, with go.mod and go.sum, that a recipe builds from."""
    return repo_root() / "toolchain" / "gomodules" / recipe.module


def require_go(module: Path) -> str:
    """The `go` command, new enough for `module`. Raises UserError otherwise."""
    go = debian.which("go") or shutil.which("go", path="/usr/local/go/bin")
    needed = _go_directive(module)
    words = ".".join(map(str, needed))
    way_out = f"install Go {words} or newer (https://go.dev/dl), or put {module.name} on PATH"
    if go is None:
        raise UserError(f"{module.name} has to be built and there is no Go on this machine; {way_out}")
    found = run([go, "env", "GOVERSION"], env={"GOTOOLCHAIN": "local"}, timeout=30).strip()
    version = parse_version(found.removeprefix("go"))
    if version is None or version < needed:
        raise UserError(f"{module.name} has to be built and {go} is {found}; {way_out}")
    return go


def _build(go: str, recipe: GoBuild, work: Path, into: Path, step: Step) -> None:
    """All packages by one command: while one is linked others are compiled."""
    total = len(_packages(go, recipe, work))
    log = work.parent / "log"

    def show() -> None:
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        done = sum(1 for line in lines if not line.startswith("go:"))
        step.update(f"{done} of {total} packages compiled")

    variables = " ".join(f"-X {name}={value}" for name, value in recipe.variables.items())
    flags = [*FLAGS, f"-tags={','.join(recipe.tags)}", f"-ldflags=-s -w {variables}"]
    run(
        ["nice", "-n", "10", go, "build", *flags, "-o", f"{into}/", *recipe.packages.values()],
        env=gocaches.environment(),
        cwd=work,
        timeout=BUILD_SECONDS,
        log=log,
        every_second=show,
    )


def _executable(package: str, module: Path) -> str:
    """The name that `go build` gives it: the last part of its path that is no major version."""
    path = package if package != "." else module.name
    return re.sub(r"/v\d+$", "", path).rpartition("/")[2]


def _packages(go: str, recipe: GoBuild, work: Path) -> list[str]:
    """All packages to compile; as a side effect every module is downloaded and verified."""
    argv = [go, "list", "-deps", f"-tags={','.join(recipe.tags)}", *recipe.packages.values()]
    return run(argv, env=gocaches.environment(), cwd=work, timeout=DOWNLOAD_SECONDS).split()


def _copy_module_file(go: str, item: ModuleFile, work: Path, target: Path) -> None:
    argv = [go, "mod", "download", "-json", item.module]
    told = json.loads(run(argv, env=gocaches.environment(), cwd=work, timeout=DOWNLOAD_SECONDS))
    source = Path(told["Dir"], item.path)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    elif source.is_file():
        shutil.copyfile(source, target)
        target.chmod(0o755 if item.executable else 0o644)
    else:
        raise UserError(f"{item.module} {told['Version']} holds no {item.path}; correct the table of tools")


def _go_directive(module: Path) -> Version:
    found = re.search(r"^go (\S+)", (module / "go.mod").read_text(), re.MULTILINE)
    version = parse_version(found.group(1)) if found else None
    if version is None:
        raise UserError(f"{module}/go.mod names no Go version; restore the file")
    return version


def _required(module: Path, recipe: GoBuild) -> str:
    """`module@version` of the tool itself, as its go.mod pins it."""
    package = next(iter(recipe.packages.values()), None) or recipe.copy[0].module
    pinned = re.findall(r"^\s*(?:require )?(\S+) (v\S+)", (module / "go.mod").read_text(), re.MULTILINE)
    fitting = [(path, version) for path, version in pinned if package == path or package.startswith(path + "/")]
    if package == ".":
        fitting = pinned[:1]
    return "@".join(max(fitting)) if fitting else f"gomodules/{module.name}"
