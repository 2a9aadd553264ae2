"""What the ledger's entries come to: who served when, what a rollback means, what keeps an update from promoting."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import RegistryError
from pipelines.ledger.entries import BY_HAND, Entry
from pipelines.ledger.rules import frozen, object_to, rolled_back, serving_at, standing_promotions
from pipelines.params.promote import PromoteParams
from pipelines.promotion.rolling_back import find_target
from pipelines.promotion.rules import held_back
from pipelines.windows import Calendar

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CALENDAR = Calendar(date(2026, 1, 4), timedelta(days=7))


def entry(seq: int, kind: str, version: str = "", *, at: datetime | None = None, **changes: str | None) -> Entry:
    """Entry `seq`, made at noon of the `seq`-th day of March."""
    empty = dict.fromkeys(("window", "run_id", "verdict", "verdict_digest", "reason", "actor", "follows", "hash"), "")
    told = {"update_key": f"{kind} {seq}", "base_version": None, "data_cut": "2026-01-01T00:00:00+00:00"}
    made = (at or NOON + timedelta(days=seq - 1)).isoformat()
    return Entry(**{**empty, **told, "kind": kind, "version": version, "seq": seq, "at": made, **changes})  # type: ignore[arg-type]


def served(*acts: str) -> list[Entry]:
    """Entries from words such as `+2` (version 2 is promoted) and `-1` (rolled back to 1)."""
    kinds = {"+": "promotion", "-": "rollback"}
    return [entry(seq, kinds[act[0]], act[1:]) for seq, act in enumerate(acts, start=1)]


def refused(entries: list[Entry], to: str, now: datetime = NOON + timedelta(days=30)) -> str:
    with pytest.raises(RegistryError) as raised:
        find_target(entries, to, now)
    return raised.value.what


THREE = served("+1", "+2", "+3")


def test_a_version_means_its_promotion_and_a_date_who_served_at_its_end() -> None:
    assert find_target(THREE, "1", NOON + timedelta(days=30)).version == "1"
    assert find_target(THREE, "2026-03-02", NOON + timedelta(days=30)).version == "2"


def test_an_instant_means_who_served_just_then() -> None:
    later = NOON + timedelta(days=30)
    assert find_target(THREE, "2026-03-02T11:59:59Z", later).version == "1"
    assert find_target(THREE, "2026-03-02T12:00:00Z", later).version == "2"
    assert find_target(THREE, "2026-03-02T13:00:00+02:00", later).version == "1"


def test_an_entry_made_at_midnight_belongs_to_the_day_that_begins() -> None:
    entries = [entry(1, "promotion", "1"), entry(2, "promotion", "2", at=datetime(2026, 3, 2, tzinfo=UTC))]
    assert find_target(entries, "2026-03-01", NOON + timedelta(days=30)).version == "1"


@pytest.mark.parametrize(
    ("acts", "to", "told"),
    [
        (("+1", "+2"), "2", "version 2 serves now"),
        (("+1", "+2"), "2026-03-02", "version 2, which served at 2026-03-02, serves now"),
        (("+1", "+2"), "3", "version 3 never served"),
        (("+1", "+2"), "2026-02-28", "nothing served at 2026-02-28 yet"),
        (("+1", "+2", "-1", "+3"), "2", "version 2 was rolled back itself"),
        (("+1", "+2", "-1", "+3"), "2026-03-02", "version 2, which served at 2026-03-02, was rolled back itself"),
        (("+1", "+2"), "2026-04-01", "2026-04-01 is in the future"),
        (("+1", "+2"), "2026-03-31T12:00:01Z", "is in the future"),
        (("+1", "+2"), "yesterday", "'yesterday' is neither a version nor a date"),
        (("+1", "+2"), "2026-02-30", "'2026-02-30' is neither a version nor a date"),
        (("+1", "+2"), "9999-12-31", "'9999-12-31' is neither a version nor a date"),
        (("+1", "+2"), "-1", "'-1' is neither a version nor a date"),
        ((), "1", "version 1 never served"),
        ((), "2026-03-01", "nothing served at 2026-03-01 yet"),
    ],
)
def test_what_cannot_be_gone_back_to_is_refused_with_its_reason(acts: tuple[str, ...], to: str, told: str) -> None:
    assert told in refused(served(*acts), to)


def test_today_means_who_serves_now_and_is_no_future() -> None:
    now = NOON + timedelta(days=1, hours=1)
    assert "serves now" in refused(served("+1", "+2"), "2026-03-02", now)
    assert find_target([*served("+1"), entry(2, "promotion", "2", at=now)], "2026-03-01", now).version == "1"


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=12))
def test_who_serves_is_what_undoing_by_hand_on_a_list_gives(acts: list[tuple[bool, int]]) -> None:
    """New versions are promoted, and rollbacks go to any that stands: told again on a plain list."""
    entries: list[Entry] = []
    standing: list[str] = []
    undone: set[str] = set()
    for promotes, choice in acts:
        if promotes or len(standing) < 2:
            standing.append(str(len(entries) + 1))
            entries.append(entry(len(entries) + 1, "promotion", standing[-1]))
        else:
            keep = 1 + choice % (len(standing) - 1)
            undone |= set(standing[keep:])
            standing = standing[:keep]
            entries.append(entry(len(entries) + 1, "rollback", standing[-1]))
        at = datetime.fromisoformat(entries[-1].at)
        now_serving = serving_at(entries, at)
        assert now_serving is not None and now_serving.version == standing[-1]
    assert [one.version for one in standing_promotions(entries)] == standing
    assert rolled_back(entries) == undone


@pytest.mark.parametrize(
    ("acts", "holds"),
    [
        ([("freeze", None)], True),
        ([("freeze", None), ("thaw", None)], False),
        ([("freeze", None), ("thaw", None), ("freeze", None)], True),
        ([("freeze", "2026-04-01T00:00:00+00:00")], True),
        ([("freeze", "2026-03-31T12:00:00+00:00")], False),
        ([("freeze", None), ("promotion", None)], True),
    ],
)
def test_the_newest_freeze_counts_until_it_is_lifted_or_ends(acts: list[tuple[str, str | None]], holds: bool) -> None:
    entries = [entry(seq, kind, until=until) for seq, (kind, until) in enumerate(acts, start=1)]
    assert (frozen(entries, NOON + timedelta(days=30)) is not None) == holds


def test_an_older_cut_is_refused_even_by_hand_and_after_a_rollback_it_is_the_restored_version_that_counts() -> None:
    cuts = ["2026-01-01T00:00:00+00:00", "2026-01-08T00:00:00+00:00"]
    entries = [entry(1, "promotion", "1", data_cut=cuts[0]), entry(2, "promotion", "2", data_cut=cuts[1])]
    between = "2026-01-04T00:00:00+00:00"

    def objection(entries: list[Entry], serving: str) -> str:
        draft = entry(9, "promotion", "3", data_cut=between, previous_version=serving, update_key=f"{BY_HAND}3")
        found = object_to(draft, entries, NOON, forced=True)
        return found.what if found else ""

    assert "before the champion's cut" in objection(entries, "2")
    assert objection([*entries, entry(3, "rollback", "1", data_cut=cuts[0])], "1") == ""


def params(cool_down: str = "0d", *freeze: dict[str, str]) -> PromoteParams:
    return PromoteParams.model_validate({"cool_down": cool_down, "freeze": freeze})


def held(name: str, settings: PromoteParams, *entries: Entry) -> str:
    return held_back(CALENDAR.window(name), settings, CALENDAR, entries) or ""


def test_a_window_that_ends_on_a_day_of_a_freeze_promotes_nothing() -> None:
    settings = params("0d", {"from": "2026-01-18", "to": "2026-01-25", "reason": "sales"})

    assert held("2026-01-04", settings) == ""  # ends on the 11th
    assert held("2026-01-11", settings) == "frozen by params.yaml from 2026-01-18 to 2026-01-25: sales"
    assert "sales" in held("2026-01-18", settings)
    assert held("2026-01-25", settings) == ""


def test_the_cool_down_is_kept_between_window_ends_of_promotions_by_updates_undone_ones_too() -> None:
    first = entry(1, "promotion", "1", window="2026-01-04")

    assert "cooling down: the update of 2026-01-04 promoted version 1" in held("2026-01-11", params("14d"), first)
    assert held("2026-01-18", params("14d"), first) == ""
    assert held("2026-01-11", params("0d"), first) == ""
    assert held("2026-01-11", params("14d")) == ""
    by_hand = entry(2, "promotion", "2", window="2026-01-11", update_key=f"{BY_HAND}2")
    assert held("2026-01-18", params("14d"), first, by_hand) == ""
    second = entry(2, "promotion", "2", window="2026-01-11")
    assert "promoted version 2" in held("2026-01-18", params("14d"), first, second, entry(3, "rollback", "1"))
