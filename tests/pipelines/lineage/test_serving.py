"""When versions served follows from the ledger alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pipelines.ledger.entries import Entry
from pipelines.lineage.serving import served_spans, tell_serving

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def served(*acts: str) -> list[Entry]:
    """Entries from words such as `+2` (promoted), `-1` (rolled back to 1) and `*` (frozen), a day apart."""
    kinds = {"+": "promotion", "-": "rollback", "*": "freeze"}
    empty = dict.fromkeys(("window", "run_id", "verdict", "verdict_digest", "reason", "actor", "follows", "hash"), "")
    return [
        Entry(
            **empty,  # type: ignore[arg-type]
            kind=kinds[act[0]],  # type: ignore[arg-type]
            version=act[1:],
            base_version=None,
            data_cut="2026-01-01T00:00:00+00:00",
            update_key=f"{act} {seq}",
            seq=seq,
            at=day(seq),
        )
        for seq, act in enumerate(acts, start=1)
    ]


def day(seq: int) -> str:
    return (NOON + timedelta(days=seq - 1)).isoformat()


def test_where_nothing_was_promoted_nothing_served() -> None:
    assert served_spans([]) == served_spans(served("*")) == []


def test_each_version_serves_until_the_next_one_does() -> None:
    spans = served_spans(served("+1", "+2"))
    assert [(span.version, span.since, span.until) for span in spans] == [("1", day(1), day(2)), ("2", day(2), None)]


def test_a_version_that_is_rolled_back_to_serves_a_second_time() -> None:
    spans = served_spans(served("+1", "+2", "-1"))
    assert tell_serving("1", spans) == {
        "now": True,
        "spans": [{"since": day(1), "until": day(2)}, {"since": day(3), "until": None}],
    }
    assert tell_serving("2", spans) == {"now": False, "spans": [{"since": day(2), "until": day(3)}]}


def test_a_freeze_changes_nothing_of_who_serves_and_some_never_do() -> None:
    spans = served_spans(served("+1", "*"))
    assert len(spans) == 1
    assert tell_serving("2", spans) == {"now": False, "spans": []}
