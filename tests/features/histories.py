"""Histories of a small shop for property tests: events of every kind, late, corrected, returned, and erased users."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

import pandas as pd
from hypothesis import strategies as st

from features.backend import local_backend
from features.delta import Delta, event_table, item_table, user_table
from features.erasure import without_traces
from features.fold import fold
from features.graph import InterestGraph, compact, microseconds
from features.schema import EVENTS, empty
from tests.features.shop import START, blank, items, users

DAYS = 40
RULES = {"admit_after": 3, "expire_after": 10 * 86_400_000_000}
USERS, ITEMS, QUERIES = ("ann", "bob", "cy"), ("tea", "ale", "jam", "rye"), ("hot", "cold")
TYPES = ("view", "purchase", "return", "search", "follow")


@dataclass(frozen=True)
class History:
    """`rows`: events with the batch in which each arrives, `arrived`; a batch ends at each of `days`. `erased`: by user
    the day up to which, and the batch from which on, they are forgotten. With `planted`, each fold is also given copies
    of its rows, and of the catalogue, that happen at its instant and after it."""

    rows: pd.DataFrame
    days: tuple[float, ...]
    erased: dict[str, tuple[float, int]] = field(default_factory=dict)
    items: pd.DataFrame = field(default_factory=lambda: catalogue())
    users: pd.DataFrame = field(default_factory=lambda: people())
    planted: bool = False

    @cached_property
    def folded(self) -> list[InterestGraph]:
        """The graph at the end of each batch, each folded into the one before."""
        return one_by_one(self)

    @cached_property
    def built(self) -> InterestGraph:
        """The graph at the end of the last batch, built in one fold."""
        return at_once(self, len(self.days) - 1)

    def all_asked_before(self) -> History:
        """The same, with all erasures asked for by the first batch."""
        return replace(self, erased={user: (day, 0) for user, (day, _) in self.erased.items()})


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Up to 14 events on a few sessions, up to 3 corrections, late by up to two batches, and at times an erasure."""
    days = (*sorted(draw(st.sets(st.integers(2, DAYS - 1), min_size=1, max_size=3))), DAYS)
    events = draw(st.lists(_event(), min_size=1, max_size=14))
    corrections = draw(st.lists(st.tuples(st.integers(0, 13), _event()), max_size=3))
    rows = [{"event_id": f"e{number}", "revision": 0, **event} for number, event in enumerate(events)]
    for number, (which, event) in enumerate(corrections):
        first = rows[which % len(events)]
        later = {"day": max(first["day"], event["day"]), "minute": event["minute"] + first["minute"]}
        rows.append({**event, **later, "event_id": first["event_id"], "revision": number + 1})
    table = pd.DataFrame(rows)
    at = table["day"] + table["minute"] / 1440
    on_time = at.map(lambda moment: sum(day <= moment for day in days))
    table["arrived"] = (on_time + table.pop("late")).clip(upper=len(days) - 1)
    table["occurred_at"] = START + pd.to_timedelta((at * 86_400).round(), unit="s")
    erased = {}
    if draw(st.booleans()):
        batch = draw(st.integers(0, len(days) - 1))
        erased = {draw(st.sampled_from(USERS)): (draw(st.integers(0, DAYS)), batch)}
    return History(table[at < DAYS].reset_index(drop=True), days, erased)


def _event() -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries(
        {
            "user_id": st.sampled_from(USERS),
            "item_id": st.sampled_from((*ITEMS, None)),
            "query": st.sampled_from((None, None, *QUERIES)),
            "target_user_id": st.sampled_from((None, None, None, *USERS)),
            "session_id": st.sampled_from((None, "s1", "s1")),
            "event_type": st.sampled_from(TYPES),
            "day": st.sampled_from((0, 7, 15, 23, DAYS - 1)),  # few, so that events meet in a session
            "minute": st.integers(0, 60),
            "late": st.sampled_from((0, 0, 0, 1, 2)),
        }
    )


def catalogue() -> pd.DataFrame:
    return items(
        ("tea", "drinks > hot", 0), ("ale", "drinks > cold", 10), ("tea", "drinks > hot > leaf", 20), ("oat", None, 5)
    )


def people() -> pd.DataFrame:
    return users(("ann", "25-34", 0), ("ann", "35-44", 30), ("bob", "65+", 3))


def counting(rows: pd.DataFrame, before: float) -> pd.DataFrame:
    """Of events that happened before a day, the highest revision of each."""
    rows = rows[rows["occurred_at"] < START + timedelta(days=before)]
    return rows.sort_values("revision", kind="stable").drop_duplicates("event_id", keep="last")


def not_erased(rows: pd.DataFrame, erased: dict[str, float]) -> pd.DataFrame:
    """Neither what the erased did is left, nor what others did that names them."""
    naming = [_covered(rows, "occurred_at", erased, by) for by in ("user_id", "target_user_id")]
    return rows[~naming[0] & ~naming[1]]


def at_once(history: History, batch: int) -> InterestGraph:
    """What is known by the end of `batch`, built in one fold, as if the erased had never been there."""
    day = history.days[batch]
    known = history.rows[history.rows["arrived"] <= batch]
    return _fold(blank(7, 28, **RULES), counting(not_erased(known, _erased(history, batch)), day), history, batch, None)


def one_by_one(history: History, *, compacting: bool = False) -> list[InterestGraph]:
    """The graph at the end of each batch, each folded into the one before."""
    graph, graphs = blank(7, 28, **RULES), []
    for batch in range(len(history.days)):
        graph = _step(graph, history, batch)
        graph = compact(graph) if compacting else graph
        graphs.append(graph)
    return graphs


def _step(graph: InterestGraph, history: History, batch: int) -> InterestGraph:
    before, gone = (history.days[batch - 1] if batch else 0.0), _erased(history, batch - 1)
    arrived = history.rows["arrived"]
    known = counting(not_erased(history.rows[arrived < batch], gone), before)
    erased = _erased(history, batch)
    now = counting(not_erased(history.rows[arrived <= batch], erased), history.days[batch])
    key = ["event_id", "revision"]
    folded, counts = (pd.MultiIndex.from_frame(rows[key]) for rows in (known, now))
    lost = known[~folded.isin(counts)]
    graph = _fold(graph, now[~counts.isin(folded)], history, batch, (known, lost))
    fresh = {user: day for user, day in erased.items() if user not in gone}
    until = {user: microseconds(START + timedelta(days=day)) for user, day in fresh.items()}
    return without_traces(graph, until) if fresh else graph


def _fold(
    graph: InterestGraph,
    rows: pd.DataFrame,
    history: History,
    batch: int,
    context: tuple[pd.DataFrame, pd.DataFrame] | None,
) -> InterestGraph:
    start = START + timedelta(days=history.days[batch - 1]) if batch and context else START
    said, told = history.items, history.users
    if context is not None:
        said, told = said[said["valid_from"] >= start], told[told["valid_from"] >= start]
    told = told[~_covered(told, "valid_from", _erased(history, batch))]
    if history.planted:
        end = START + timedelta(days=history.days[batch])
        rows = pd.concat(
            [rows, *(_moved(rows, "event_id", "occurred_at", at) for at in (end, end + timedelta(days=9)))]
        )
        said = pd.concat([said, _moved(history.items, "item_id", "valid_from", end)])
        told = pd.concat([told, _moved(history.users, "user_id", "valid_from", end)])
    delta = Delta(event_table(_shaped(rows)), user_table(told), item_table(said))
    if context is not None and batch:
        known = event_table(_shaped(context[0]))
        lost = event_table(_shaped(context[1])) if len(context[1]) else None
        delta = Delta(delta.events, delta.users, delta.items, known=known, nearby=known, lost=lost)
    with local_backend() as backend:
        return fold(graph, delta, as_of=START + timedelta(days=history.days[batch]), backend=backend)


def _moved(rows: pd.DataFrame, key: str, moment: str, to: datetime) -> pd.DataFrame:
    moved = rows.assign(**{key: "planted " + rows[key].astype("str") + str(to), moment: pd.Timestamp(to)})
    return moved.astype({moment: rows[moment].dtype})


def _covered(rows: pd.DataFrame, moment: str, erased: dict[str, float], by: str = "user_id") -> pd.Series:
    days = pd.to_timedelta(rows[by].map(erased).astype("float64"), unit="D")
    return days.notna() & (rows[moment] < START + days)


def _erased(history: History, batch: int) -> dict[str, float]:
    return {user: day for user, (day, known_at) in history.erased.items() if known_at <= batch}


def _shaped(rows: pd.DataFrame) -> pd.DataFrame:
    if rows.empty:
        return empty("events").assign(target_user_id=pd.Series([], dtype="str"))
    shaped = rows.reindex(columns=list(EVENTS)).astype(EVENTS)
    return shaped.assign(target_user_id=rows["target_user_id"].astype("str"))
