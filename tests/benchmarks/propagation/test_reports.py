from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.propagation.options import read_options
from benchmarks.propagation.plot import svg
from benchmarks.propagation.report import write_reports
from benchmarks.propagation.requirements import requirements
from benchmarks.propagation.results import KindResult, Stage
from benchmarks.propagation.table import columns, load_table, propagation_table, size, verdicts
from tests.benchmarks.propagation.measured import cell, load

SVG = "{http://www.w3.org/2000/svg}"
CELLS = [
    cell(kind=kind, services=services, proxies=proxies, control_plane=name)
    for kind in ("virtual service", "endpoint")
    for services in (50, 1000)
    for proxies in (1, 100)
    for name in ("meshd", "istiod-1ms", "istiod")
]


def test_columns_are_as_wide_as_their_longest_text() -> None:
    assert columns(("a", "bbb"), [("xxxx", "1")], left=1) == "a     bbb\n----  ---\nxxxx    1"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (412, "412 B"), (1023, "1023 B"), (1331, "1.3 KB"), (2**21, "2.0 MB"), (2**31, "2.0 GB")],
)
def test_sizes_are_shown_in_fitting_units(count: float, text: str) -> None:
    assert size(count) == text


def test_the_table_has_a_line_for_each_cell_with_its_numbers() -> None:
    lines = propagation_table(CELLS).splitlines()
    assert len(lines) == len(CELLS) + 3
    assert lines[2].split()[:6] == ["endpoint", "50", "1", "meshd", "4.0", "5.0"]
    assert [line.split()[3] for line in lines[2:5]] == ["meshd", "istiod-1ms", "istiod"]


def test_loads_and_verdicts_are_shown() -> None:
    assert "300 MB" in load_table([load()])
    assert len(verdicts(requirements(CELLS, [])).splitlines()) == len(requirements(CELLS, []))


def test_the_picture_has_a_panel_for_each_kind_and_number_of_proxies() -> None:
    root = ElementTree.fromstring(svg(CELLS))
    titles = [text for element in root.iter(f"{SVG}text") if "prox" in (text := element.text or "")]
    assert {"virtual service, 1 proxy", "endpoint, 100 proxies"} <= set(titles)
    bars = [bar for group in root.iter(f"{SVG}g") for bar in group.findall(f"{SVG}rect")]
    assert len(bars) == len(CELLS)


def test_a_slower_control_plane_has_the_taller_bar_and_none_leaves_its_panel() -> None:
    root = ElementTree.fromstring(svg([cell(p50=3.0, p99=9.0), cell(control_plane="istiod", p50=80.0, p99=4000.0)]))
    heights = [float(bar.attrib["height"]) for group in root.iter(f"{SVG}g") for bar in group.findall(f"{SVG}rect")]
    assert 0 < heights[0] < heights[1] <= 200


def test_a_picture_of_nothing_is_still_a_picture() -> None:
    assert ElementTree.fromstring(svg([])).tag == f"{SVG}svg"


def test_reports_are_written(tmp_path: Path) -> None:
    options = read_options(["--out", str(tmp_path / "out")])
    stage = Stage("meshd", 50, 1, kinds={"endpoint": KindResult([0.0031234567], [0.0031], [0.002], 100, 0.01)})
    write_reports(options, [stage], 12.34)
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert found["stages"][0]["kinds"]["endpoint"]["latencies"] == [0.003123]
    assert found["propagation"][0]["p50"] == pytest.approx(3.1234567)
    assert found["seconds"] == 12.3
    assert (tmp_path / "out" / "propagation.svg").read_text().startswith("<svg")
