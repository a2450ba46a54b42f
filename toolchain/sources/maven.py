"""An artifact of Maven Central, fetched by mvn and pinned by checksum."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from toolchain.errors import UserError
from toolchain.progress import Step
from toolchain.run import run
from toolchain.sources import debian
from toolchain.tool import MavenArtifact

MAVEN_SECONDS = 900.0
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"


def fetch(recipe: MavenArtifact, into: Path, step: Step) -> str:
    """Put the artifact into `into`. A missing mvn is installed from Debian (needs root, else UserError)."""
    if shutil.which("mvn") is None:
        step.update("installing mvn")
        debian.require_commands({"mvn": "maven"})
    step.update(f"mvn {recipe.artifact}")
    with tempfile.TemporaryDirectory(dir=into.parent, prefix=".tmp-") as folder:
        scratch = Path(folder)
        run(
            [
                *("mvn", "--batch-mode", "--quiet", f"-Dmaven.repo.local={scratch / 'repository'}", _COPY),
                *(f"-Dartifact={recipe.artifact}", f"-DoutputDirectory={scratch / 'out'}"),
            ],
            cwd=scratch,
            timeout=MAVEN_SECONDS,
        )
        [artifact] = (scratch / "out").iterdir()
        with artifact.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != recipe.sha256:
            raise UserError(f"{recipe.artifact}: checksum differs from the pinned one; the file was thrown away")
        artifact.rename(into / recipe.save_as)
    return f"Maven Central's {recipe.artifact}"
