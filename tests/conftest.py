"""Golden files: `golden(name, text)` compares with goldens/<name> beside the test; `--update-goldens` rewrites them."""

from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write the golden files anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare `text` with the golden file `name` in the folder `goldens` beside the test."""

    def compare(name: str, text: str) -> None:
        path = Path(request.path).parent / "goldens" / name
        if request.config.getoption("--update-goldens"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return
        assert path.exists(), f"no golden file {path.name}: run pytest --update-goldens and read it"
        assert text == path.read_text(), f"{path.name} differs: read the change, then run pytest --update-goldens"

    return compare
