"""A version saw all that its base saw, down to a full fit, and the revision of a snapshot that there was then."""

from __future__ import annotations

from pipelines.lineage.of_snapshot import models_that, trace_snapshot
from pipelines.lineage.seen import base_line, saw
from tests.drop import window
from tests.pipelines.lineage.histories import CALENDAR, known, lineage, snapshot

REVISED = [snapshot(0), snapshot(1, 2), snapshot(2)]
"""What an update of window 2 knows after late events came to window 1."""


def test_the_base_line_goes_down_to_the_full_fit_and_no_further() -> None:
    versions = {
        "1": lineage(0, mode="full"),
        "2": lineage(1, mode="full", base="1"),
        "3": lineage(2, base="2"),
        "4": lineage(3, mode="graph-only", base="3"),
    }
    assert base_line("4", versions) == ["3", "2"]
    assert base_line("2", versions) == []


def test_lineages_in_a_circle_end() -> None:
    assert base_line("1", {"1": lineage(0, base="2"), "2": lineage(1, base="1")}) == ["2"]


def test_the_window_of_the_update_is_learned_up_to_the_cut_and_judged_after_it() -> None:
    seen = {each.window: each for each in saw("1", {"1": lineage(1, mode="full")}, CALENDAR)}
    assert (seen[window(0)].learned, seen[window(0)].judged) == (True, False)
    assert (seen[window(1)].learned, seen[window(1)].judged) == (True, True)


def test_windows_after_the_cut_of_a_bootstrap_are_judged_alone() -> None:
    cut = CALENDAR.at(1).start.isoformat()
    seen = {each.window: each for each in saw("1", {"1": lineage(2, mode="full", data_cut=cut)}, CALENDAR)}
    assert [(each.learned, each.judged) for each in seen.values()] == [(True, False), (False, True), (False, True)]


def test_a_bad_revision_lives_on_in_who_goes_on_from_a_version_that_learned_it() -> None:
    incremental = known(lineage(1, mode="full"), lineage(2, base="1", knew=REVISED))
    (last,) = (each for each in incremental.saw("2") if each.tag == f"snapshot/{window(1)}")
    assert (last.learned, last.judged, last.via) == (True, False, "1")


def test_what_a_base_was_only_judged_on_is_in_nobodys_weights() -> None:
    cut = CALENDAR.at(1).start.isoformat()
    versions = known(lineage(1, mode="full", data_cut=cut), lineage(2, base="1", knew=REVISED))
    assert f"snapshot/{window(1)}" not in {each.tag for each in versions.saw("2")}


def test_a_full_fit_after_the_revision_is_rid_of_the_bad_one() -> None:
    anew = known(lineage(1, mode="full"), lineage(2, mode="full", base="1", knew=REVISED))
    assert f"snapshot/{window(1)}" not in {each.tag for each in anew.saw("2")}
    told = trace_snapshot(f"snapshot/{window(1)}", anew, {window(1): [each["tag"] for each in _revisions()]})
    assert [each["version"] for each in told["models"]] == ["1"]


def test_a_window_that_is_asked_for_means_all_its_revisions() -> None:
    both = known(lineage(1, mode="full"), lineage(2, mode="full", base="1", knew=REVISED))
    told = trace_snapshot(window(1), both, {window(1): [each["tag"] for each in _revisions()]})
    assert [each["version"] for each in told["models"]] == ["1", "2"]
    assert told["tag"] is None and len(told["tags"]) == 2


def test_either_way_to_write_a_revision_is_understood() -> None:
    tags = {window(1): [each["tag"] for each in _revisions()]}
    asked = [trace_snapshot(f"snapshot/{window(1)}{end}", known(), tags)["tag"] for end in (".r2", "/r2", ".r1", "")]
    assert asked == [tags[window(1)][1]] * 2 + [tags[window(1)][0]] * 2


def test_a_later_revision_holds_the_files_of_the_one_before_it() -> None:
    """Late rows are added to a snapshot; what it held stays in it."""
    history = known(lineage(1, mode="full"), lineage(2, mode="full", base="1", knew=REVISED))
    sources = history.sources()
    assert sources[f"snapshot/{window(1)}.r2"]["files"] == {f"{window(1)}/events.csv": "bytes 1"}
    assert sources[f"snapshot/{window(1)}.r2"]["rows_added"] and not sources[f"snapshot/{window(1)}"]["rows_added"]


def test_a_snapshot_that_was_dropped_anew_holds_its_own_files_alone() -> None:
    again = lineage(1, mode="full", snapshots=[snapshot(1, 2)], knew=[snapshot(0), snapshot(1, 2)])
    again["sources"][0]["files"] = {"other.csv": "other bytes"}
    sources = known(lineage(1, mode="full"), again).sources()
    assert sources[f"snapshot/{window(1)}.r2"]["files"] == {"other.csv": "other bytes"}


def test_who_did_not_see_a_snapshot_is_not_told() -> None:
    history = known(lineage(0, mode="full"), lineage(2, base="1"))
    assert [each["version"] for each in models_that(lambda seen: seen.window == window(1), history)] == ["2"]


def _revisions() -> list[dict[str, str]]:
    return [snapshot(1), snapshot(1, 2)]
