"""The stack's configuration file, read before Pulumi starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import stack
from mesh_stack.settings import Settings
from toolchain.errors import UserError


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_STACK", "kind")


def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Settings:
    (tmp_path / "Pulumi.kind.yaml").write_text(text)
    monkeypatch.setattr(stack, "repo_root", lambda: tmp_path)
    return stack.stack_settings()


def test_the_committed_stacks_are_well(monkeypatch: pytest.MonkeyPatch) -> None:
    assert stack.stack_settings() == Settings()
    monkeypatch.setenv("PULUMI_STACK", "cloud")
    with pytest.raises(UserError, match="imagePrefix"):  # PROJECT is for its user to fill in
        stack.stack_settings()


def test_values_are_read_as_pulumi_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "config:\n  mesh:httpPort: 8180\n  mesh:shop: false\n  gcp:project: other\n"
    assert configured(tmp_path, monkeypatch, text) == Settings(http_port=8180, shop=False)


def test_an_empty_file_is_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert configured(tmp_path, monkeypatch, "") == Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("config:\n  mesh:httpPort: eighty\n", "mesh:httpPort is 'eighty'"),
        ("config:\n  mesh:httpprot: 80\n", "mesh:httpprot is not known"),
        ("config: [\n", "Pulumi.kind.yaml cannot be read"),
        ("config: 3\n", "Pulumi.kind.yaml cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    with pytest.raises(UserError, match=said) as refused:
        configured(tmp_path, monkeypatch, text)
    assert "\n" not in str(refused.value)


def test_a_stack_without_configuration_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_STACK", "nowhere")
    with pytest.raises(UserError, match=r"there is no Pulumi\.nowhere\.yaml"):
        stack.stack_settings()
