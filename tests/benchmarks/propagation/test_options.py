from __future__ import annotations

import pytest

from benchmarks.propagation.control_planes import CONTROL_PLANES
from benchmarks.propagation.options import read_options


def test_by_default_everything_is_compared() -> None:
    assert read_options([]).control_planes == tuple(CONTROL_PLANES)


def test_sizes_are_sorted_and_each_is_measured_once() -> None:
    options = read_options(["--services", "200, 50,200", "--proxies", "1"])
    assert (options.services, options.proxies) == ((50, 200), (1,))


@pytest.mark.parametrize(
    "words",
    [
        ["--services", "0"],
        ["--services", "1,x"],
        ["--services", "1000000"],
        ["--proxies", "100000"],
        ["--rounds", "-1"],
        ["--changes", ""],
        ["--seconds", "nan"],
        ["--seconds", "0"],
        ["--seconds", "3600"],
        ["--control-planes", "linkerd"],
    ],
)
def test_wrong_words_end_with_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_options(words)
    assert ended.value.code == 2
    assert words[0] in capsys.readouterr().err
