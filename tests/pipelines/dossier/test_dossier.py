"""The dossier tells what an update left, whatever is missing of it, and takes nothing from the data for markup."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from mlflow.utils.validation import MAX_ENTITY_KEY_LENGTH, _validate_metric_name

from models.metric_names import known_metrics
from pipelines.dossier.describing import version_in_words
from pipelines.dossier.forest import LEFT, RIGHT, lay_out
from pipelines.dossier.material import Material
from pipelines.dossier.numbers import metrics_of, names_for, tags_of
from pipelines.dossier.outcome import tell_outcome
from pipelines.dossier.page import render_page
from pipelines.dossier.telling import tell_dossier
from tests.pipelines.dossier.dossiers import MEANS, changed, material, records, rule, verdict

ROW = {"metrics": {"candidate": {"all": MEANS}}, "accepted": 100, "quarantined": 3, "verdict": "PASS"}
MARKUP = '"><script>1</script>'
ORDER = ["Candidate and champion", "Slices", "Rules", "Forgetting", "Behaviour", "Whose lists changed"]
ORDER += ["What the window changed in the graph", "Data quality", "Lineage", "Cost", "Model card"]
NUMBERS = st.floats(-5, 5, allow_nan=False)


def test_the_verdict_comes_first_and_every_part_after_it_in_order() -> None:
    page = html.fromstring(render_page(tell_dossier(material())))
    first = page.find_class("verdict")[0]
    assert [each.text_content().strip() for each in first[:3]] == [
        "PASS", "Promoted: version 2 serves, in place of version 1.", "no worse on all",
    ]  # fmt: skip
    assert first.getnext().text_content() == ORDER[0]
    assert [each.text_content() for each in page.iter("h2")] == ORDER


def test_the_page_names_nothing_outside_itself() -> None:
    page = render_page(tell_dossier(material()))
    assert not [each for each in html.fromstring(page).iter() if {"src", "href", "data"} & set(each.attrib)]
    assert "url(" not in page and "@import" not in page and "//" not in page and "<script" not in page


def test_json_and_page_are_of_the_same_numbers() -> None:
    told = tell_dossier(material())
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    row = next(each for each in told["comparison"]["rows"] if (each["part"], each["metric"]) == ("all", "ndcg_at_20"))
    assert (row["values"]["candidate"], row["values"]["champion"]) == (0.30, 0.29)
    assert ">0.3000<" in render_page(told) and ">0.2900<" in render_page(told)


@pytest.mark.parametrize(
    ("results", "fields", "what", "sentence"),
    [
        ({}, {}, "promoted", "Promoted: version 2 serves, in place of version 1."),
        ({"plan": {"base": None}}, {}, "promoted", "Promoted: version 2 serves, the first version."),
        (
            {"promote": {"promoted": False}, "gate": {"verdict": verdict("FAIL")}},
            {},
            "refused",
            "version 1 keeps serving",
        ),
        (
            {"promote": {"promoted": False}, "gate": {"verdict": verdict("INCONCLUSIVE")}},
            {},
            "refused",
            "does not serve",
        ),
        (
            {"promote": {"promoted": False, "reason": "the cut is older"}},
            {},
            "not promoted",
            "passed: the cut is older",
        ),
        ({"promote": {"promoted": False, "reason": "promotions are frozen"}}, {}, "frozen", "promotions are frozen"),
        ({"promote": {"promoted": False, "version": None}}, {"dry_run": True}, "dry run", "this was a dry run"),
        ({"plan": {"mode": "skip", "reason": "not after the champion's"}}, {}, "skipped", "not after the champion's"),
        ({"publish": {"rolled_back": "no answer"}}, {}, "rolled back", "rolled back at once: no answer"),
    ],
)
def test_what_happened_is_told(results: dict[str, Any], fields: dict[str, Any], what: str, sentence: str) -> None:
    told = tell_outcome(material(records=records(**results), **fields))
    assert told["what"] == what and sentence in told["happened"]


@given(metric=st.sampled_from(sorted(known_metrics(20))), ours=NUMBERS, theirs=NUMBERS)
def test_better_is_told_by_the_metrics_own_direction(metric: str, ours: float, theirs: float) -> None:
    means = {"candidate": {"all": {metric: ours}}, "champion": {"all": {metric: theirs}}}
    numbers = {"candidate": {metric: ours}, "champion": {metric: theirs}}
    told = tell_dossier(material(records=records(evaluate={"metrics": means, "numbers": numbers})))
    for row in told["comparison"]["rows"]:
        gained = (theirs - ours) if known_metrics(20)[metric].lower_is_better else (ours - theirs)
        assert row["change"] == ("better" if gained > 0 else "worse" if gained < 0 else "same")


@given(ours=NUMBERS, theirs=NUMBERS, below=st.floats(0, 1), above=st.floats(0, 1))
@pytest.mark.parametrize("metric", ["ndcg_at_20", "popularity_lift_at_20"])
def test_bounds_stand_on_both_sides_of_the_difference_whichever_way_is_better(
    metric: str, ours: float, theirs: float, below: float, above: float
) -> None:
    turned = (theirs - ours) if known_metrics(20)[metric].lower_is_better else (ours - theirs)
    found = rule("all", turned, metric=metric, lower=turned - below, upper=turned + above)
    means = {"candidate": {"all": {metric: ours}}, "champion": {"all": {metric: theirs}}}
    told = tell_dossier(
        material(records=records(evaluate={"metrics": means}, gate={"verdict": verdict("PASS", found)}))
    )
    row = next(each for each in told["comparison"]["rows"] if each["metric"] == metric)
    assert row["lower"] <= row["difference"] <= row["upper"]
    assert row["upper"] - row["lower"] == pytest.approx(below + above)


def test_what_failed_comes_before_what_passed_and_warnings_after_both() -> None:
    rules = [rule("a", severity="warning", outcome="FAIL"), rule("b"), rule("c", outcome="FAIL")]
    told = tell_dossier(material(records=records(gate={"verdict": verdict("FAIL", *rules)})))
    assert [each["slice"] for each in told["rules"]["rows"]] == ["c", "b", "a"]


_BOUNDS = st.tuples(NUMBERS, st.floats(0, 2), st.floats(0, 2), st.sampled_from(["PASS", "FAIL", "REPORTED"]))


@given(st.lists(_BOUNDS, min_size=1, max_size=8))
def test_a_forest_plot_holds_every_slice_and_cuts_only_what_is_not_judged(
    drawn: list[tuple[float, float, float, str]],
) -> None:
    rules = [
        rule(f"slice {place}", value, lower=value - below, upper=value + above, outcome=outcome)
        for place, (value, below, above, outcome) in enumerate(drawn)
    ]
    (plot,) = lay_out(
        tell_dossier(material(records=records(gate={"verdict": verdict("PASS", *rules)})))["slices"]["rows"]
    )
    assert {mark["slice"] for mark in plot["marks"]} == {each["slice"] for each in rules}
    assert LEFT <= plot["zero"] <= RIGHT
    for mark in plot["marks"]:
        assert LEFT <= mark["x_lower"] <= mark["x"] <= mark["x_upper"] <= RIGHT
        if mark["judged"]:
            assert not mark["cut_left"] and not mark["cut_right"]


def test_a_slice_with_too_few_users_is_grey_and_has_its_number_of_users() -> None:
    page = html.fromstring(render_page(tell_dossier(material())))
    words = [each for each in page.iter("text") if each.get("style") == "fill:#a0aec0"]
    assert [each.text for each in words] == ["age_band/65+", "+0.0100", "9", "not judged"]


def _paths(records: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """All that an older record may lack: steps, keys of results, of the verdict, and of rules but the first three."""
    found: list[tuple[Any, ...]] = [(step,) for step in records]
    found += [(step, "result", key) for step, record in records.items() for key in record["result"]]
    judged = records["gate"]["result"]["verdict"]
    found += [("gate", "result", "verdict", key) for key in judged]
    new = set(rule()) - {"name", "outcome", "reason"}
    return found + [
        ("gate", "result", "verdict", "rules", place, key)
        for place in range(len(judged["rules"]))
        for key in sorted(new)
    ]


def _without(records: Mapping[str, Any], paths: list[tuple[Any, ...]]) -> Any:
    left = deepcopy(dict(records))
    for path in sorted(paths, key=len, reverse=True):
        inner: Any = left
        for part in path[:-1]:
            inner = inner[part]
        del inner[path[-1]]
    return left


@given(st.lists(st.sampled_from(_paths(records())), unique=True), st.booleans(), st.booleans())
def test_whatever_is_missing_is_said_and_never_an_error(
    paths: list[tuple[Any, ...]], memory: bool, words: bool
) -> None:
    changes: dict[str, Any] = {"records": _without(records(), paths)}
    changes |= {} if memory else {"memory": None}
    changes |= {} if words else {"graph_words": None}
    given_material = material(**changes)
    told = tell_dossier(given_material)
    assert render_page(told).rstrip().endswith("</html>") and version_in_words(told)
    assert metrics_of(ROW, given_material) and tags_of(ROW, given_material, told["verdict"])
    for part in ("comparison", "slices", "rules", "memory", "checks"):
        assert told[part]["rows"] or told[part]["note"]


def _spoiled(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _spoiled(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_spoiled(value) for value in content]
    return math.nan if isinstance(content, float) else content


def test_numbers_that_are_none_are_dashes_and_no_metric() -> None:
    whole = records()
    spoiled = {step: record | {"result": _spoiled(record["result"])} for step, record in whole.items()}
    broken = material(records=spoiled, memory=_spoiled(material().memory))
    told = tell_dossier(broken)
    json.dumps(told, allow_nan=False)
    assert "nan" not in render_page(told).lower()
    assert all(math.isfinite(value) for value in metrics_of(ROW, broken).values())
    assert tags_of(ROW, broken, told["verdict"])["ndcg_lift"] == ""


def _with(text: str) -> Material:
    """Material in which all that others wrote holds `text`."""
    rows = [changed(user=f"u{text}", title=text)]
    changes = {
        "mean_overlap": 0.5,
        "unchanged": 0,
        "won": 1,
        "lost": 0,
        "most_changed": rows,
        "winners": rows,
        "losers": rows,
    }
    found = verdict("FAIL", rule(f"category/{text}", reason=text, name=text), warnings=[text])
    told = {"accepted": {"events": 1}, "quarantined": {"events": 1}, "reasons": {text: 1}, "warnings": [text]}
    slices = {model: {f"category/{text}": MEANS} for model in ("candidate", "champion")}
    results = records(
        evaluate={"changes": changes, "slices": slices, "checks": [{"name": text, "outcome": "PASS", "reason": text}]},
        gate={"verdict": found},
        plan={"reason": text, "mode": text},
        promote={"promoted": False, "reason": text},
        validate={"windows": {"2024-02-04": told}},
    )
    return material(records=results, graph_words=(text,), airflow_run=text, tags={"git_commit": text})


def test_markup_in_titles_user_ids_and_reasons_stays_text() -> None:
    plain, marked = (html.fromstring(render_page(tell_dossier(_with(text)))) for text in ("qwxz", MARKUP))
    assert [each.tag for each in marked.iter()] == [each.tag for each in plain.iter()]
    assert [sorted(each.attrib) for each in marked.iter()] == [sorted(each.attrib) for each in plain.iter()]
    assert marked.text_content().count(MARKUP) == plain.text_content().count("qwxz") > 10


def test_markup_in_a_reason_stays_text_in_the_versions_description() -> None:
    words = version_in_words(tell_dossier(_with("<script> [x](javascript:1) `*b*`")))
    assert "<" not in words and "](" not in words and "&lt;script&gt; \\[x\\]\\(" in words


@given(st.lists(st.text(max_size=300), unique=True, max_size=6))
def test_every_slice_has_a_name_of_its_own_that_mlflow_takes(slices: list[str]) -> None:
    names = names_for(slices)
    assert list(names) == slices and len(set(names.values())) == len(slices)
    for name in names.values():
        whole = f"slice/{name}/candidate"
        _validate_metric_name(whole)
        assert len(whole) <= MAX_ENTITY_KEY_LENGTH


def test_the_metrics_that_matter_have_names_that_sort_together() -> None:
    told = metrics_of(ROW, material())
    assert told["gate/ndcg_lift"] == pytest.approx(0.01)
    assert (told["gate/ndcg_lift_lower"], told["gate/ndcg_lift_upper"]) == pytest.approx((-0.01, 0.03))
    assert (told["model/forgetting"], told["model/size_mb"], told["model/latency_ms"]) == (0.05, 1.0, 2.0)
    assert (told["slice/activity/busy/candidate"], told["slice/age_band/65_/champion"]) == (0.30, 0.29)
    assert told["candidate/all/ndcg_at_20"] == 0.30


def test_the_runs_table_is_told_mode_verdict_window_and_lift() -> None:
    tags = tags_of(ROW, material(), tell_outcome(material()))
    assert tags == {
        "window": "2024-02-04", "mode": "incremental", "verdict": "PASS", "outcome": "promoted", "ndcg_lift": "+0.0100",
        "version": "2",
    }  # fmt: skip
