"""Every command that the documentation shows can be typed: known commands, options, files and configuration keys."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from itertools import pairwise

import msgspec
import pytest

from benchmarks.propagation.options import build_parser as propagation_parser
from commands.__main__ import _parser as mesh_parser
from conformance.features import FEATURES
from loadtests.__main__ import build_parser as load_parser
from mesh_stack import settings
from meshd.ingest.kubernetes.secret import _Data
from tests.docs.pages import DOCS, PAGES, REPOSITORY, Block, blocks
from tests.docs.suite_options import suite_options

PLACEHOLDER_FILES = {"~/.kube/config": "pyproject.toml", "~/mesh-config.yaml": "Pulumi.yaml"}
"""Files of the reader's that a value must name, and one that stands for them here."""
KUBECTL = {"apply", "wait", "label", "create", "rollout", "port-forward", "logs"}
PULUMI = {("config", "set"), ("plugin", "install"), ("stack", "output"), ("up",)}


def shell_blocks() -> list[Block]:
    return [block for page in PAGES for block in blocks(page, "sh")] + blocks(REPOSITORY / "README.md", "")


def commands(block: Block) -> Iterator[list[str]]:
    """The words of each line that is typed; what programs answer is left out."""
    lines = block.text.splitlines()
    typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")] or lines
    for line in typed:
        if words := shlex.split(line, comments=True):
            yield words


def all_commands() -> list[tuple[str, list[str]]]:
    return [(f"{block}: {shlex.join(words)}", words) for block in shell_blocks() for words in commands(block)]


@pytest.mark.parametrize("block", shell_blocks(), ids=str)
def test_shell_accepts_the_syntax(block: Block) -> None:
    for words in commands(block):
        subprocess.run(["bash", "-n", "-c", shlex.join(words)], check=True)


@pytest.mark.parametrize("words", [pytest.param(words, id=name) for name, words in all_commands()])
def test_command_is_known(words: list[str]) -> None:
    program, *arguments = words
    match program:
        case "./mesh":
            mesh_parser().parse_args(arguments)
        case "eval":
            assert arguments == ["$(./mesh env)"]
        case "export":
            stack = arguments[0].removeprefix("PULUMI_STACK=")
            assert (REPOSITORY / f"Pulumi.{stack}.yaml").is_file()
        case "python":
            _python(arguments)
        case "kubectl":
            _kubectl(arguments)
        case "pulumi":
            assert tuple(arguments[:2]) in PULUMI or tuple(arguments[:1]) in PULUMI
        case "curl":
            assert arguments[-1].startswith("http://127.0.0.1:15")
        case _:
            pytest.fail(f"nobody checks {program}")


def _python(arguments: list[str]) -> None:
    assert arguments[0] == "-m"
    if arguments[1] == "loadtests":
        load_parser().parse_args(arguments[2:])
        return
    if arguments[1] == "benchmarks.propagation":
        propagation_parser().parse_args(arguments[2:])
        return
    assert arguments[1:3] == ["pytest", "conformance"]
    rest = iter(arguments[3:])
    for word in rest:
        if word == "-m":
            names = set(re.findall(r"\w+", next(rest))) - {"or", "and", "not"}
            assert names <= {*FEATURES, "smoke"}
        elif word == "-k":
            wanted = next(rest)
            assert any(wanted in path.read_text() for path in (REPOSITORY / "conformance").rglob("test_*.py"))
        elif not word.startswith("--junitxml"):
            assert word in suite_options()
            next(rest)


def _kubectl(arguments: list[str]) -> None:
    assert KUBECTL & set(arguments), arguments
    for option, value in pairwise(arguments):
        if option == "-f":
            assert (REPOSITORY / value).is_file()
    for word in arguments:
        if word.startswith("--from-file="):
            assert word.removeprefix("--from-file=").partition("=")[0] in _secret_keys()


def _secret_keys() -> set[str]:
    """Keys of a Secret that meshd reads."""
    return {field.encode_name for field in msgspec.structs.fields(_Data)}


def test_configuration_that_is_set_is_accepted() -> None:
    """The commands of one block together make a configuration that `./mesh up` takes."""
    for block in shell_blocks():
        given: dict[str, str] = {}
        for words in commands(block):
            if words[:3] == ["pulumi", "config", "set"] and words[3].startswith("mesh:"):
                given[words[3].removeprefix("mesh:")] = PLACEHOLDER_FILES.get(words[4], words[4])
        settings.parse(given.get, given)


def test_configuration_keys_are_listed_with_their_defaults() -> None:
    text = (DOCS / "guide.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (`[^`]*`)? ?\| ", text.partition("### An existing cluster")[0], re.MULTILINE)
    assert [key for key, _ in rows] == list(settings.known_keys())
    standard = settings.Settings()
    for (_, default), value in zip(rows, vars(standard).values(), strict=True):
        assert default.strip("`") == ("" if value is None else str(value).lower() if value is True else str(value))
