"""Features, skips and the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.features import FEATURES, UnknownFeature, feature_of, parse_features, reason_to_skip
from conformance.report import ReportPlugin, Result, by_feature, content_of, summary_of, verdict, worse

pytest_plugins = ["pytester"]


def test_features_are_parsed() -> None:
    assert parse_features("gateway-tls, mtls,") == {"gateway_tls", "mtls"}
    assert parse_features("") == frozenset()
    with pytest.raises(UnknownFeature, match="no feature teleport; there are routing"):
        parse_features("mtls,teleport")


def test_a_test_has_exactly_one_feature() -> None:
    assert feature_of(["smoke", "mtls", "timeout"]) == "mtls"
    for wrong in (["smoke"], ["mtls", "canary"]):
        with pytest.raises(ValueError, match="exactly one feature"):
            feature_of(wrong)


def test_skips_say_why() -> None:
    assert reason_to_skip("mtls", frozenset(), frozenset()) is None
    assert reason_to_skip("mtls", {"mtls"}, frozenset()) is None
    assert reason_to_skip("mtls", {"canary"}, frozenset()) == "feature mtls is not among --mesh-features"
    assert reason_to_skip("mtls", {"mtls"}, {"mtls"}) == "feature mtls is left out by --mesh-skip-features"


RESULTS = [
    Result("t1", "mtls", "passed", 1.0, measured={"bytes": "20"}),
    Result("t2", "canary", "passed", 1.0),
    Result("t3", "mtls", "skipped", 0.0, "no image"),
]


def test_outcomes_are_counted_by_feature_in_the_tables_order() -> None:
    assert list(by_feature(RESULTS)) == ["canary", "mtls"]
    assert by_feature(RESULTS)["mtls"] == {"passed": 1, "skipped": 1}
    assert list(FEATURES).index("canary") < list(FEATURES).index("mtls")


def test_verdicts() -> None:
    assert verdict(RESULTS) == "passed"
    assert verdict([*RESULTS, Result("t4", "mtls", "error", 0.0)]) == "failed"
    assert verdict(RESULTS[2:]) == "nothing tested"
    assert worse("passed", "error") == "error"
    assert worse("skipped", "passed") == "skipped"


def test_summary_shows_measurements_and_reasons() -> None:
    lines = summary_of(RESULTS)
    assert lines == [
        "canary         1 passed",
        "mtls           1 passed, 1 skipped",
        "    bytes: 20",
        "    skipped: no image",
    ]


def test_report_is_json() -> None:
    content = content_of(RESULTS, 100.0, 101.5, {"gateway": None})
    assert json.loads(json.dumps(content))["seconds"] == 1.5
    assert content["tests"][0]["measured"] == {"bytes": "20"}


def test_plugin_collects_what_pytest_reports(pytester: pytest.Pytester, tmp_path: Path) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture(autouse=True)
        def feature(request):
            request.node.user_properties.append(("feature", "mtls"))

        @pytest.fixture
        def broken():
            raise RuntimeError("no cluster")

        def test_measures(request):
            request.node.user_properties.append(("measured: bytes", 20))

        def test_fails():
            assert 1 == 2, "one is not two"

        def test_skips():
            pytest.skip("not today")

        def test_breaks(broken):
            pass
        """
    )
    plugin = ReportPlugin(tmp_path, {})
    options = ["-p", "no:asyncio", "-p", "no:cacheprovider", "-p", "no:locust"]
    pytester.inline_run(*options, plugins=[plugin])
    content = json.loads((tmp_path / "report.json").read_text())
    assert content["verdict"] == "failed"
    found = {test["test"].partition("::")[2]: test for test in content["tests"]}
    assert found["test_measures"]["measured"] == {"bytes": 20}
    assert found["test_fails"]["outcome"] == "failed"
    assert "one is not two" in found["test_fails"]["reason"]
    assert (found["test_skips"]["outcome"], found["test_skips"]["reason"]) == ("skipped", "not today")
    assert (found["test_breaks"]["outcome"], found["test_breaks"]["reason"]) == ("error", "RuntimeError: no cluster")
