"""A graph, a user and a difference as plain content, for JSON and for whatever prints it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from features.catalogue import ids
from features.categories import path_parts
from features.difference import compare, group_changes, interest_changes
from features.ego import KINDS, Interest, interests, user_row
from features.graph import InterestGraph
from features.stats import graph_stats
from features.structure import noise_of
from pipelines.graph_views.finding import Found
from pipelines.graph_views.wording import change_in_words, events_in_words, moment
from pipelines.graphs.files import bytes_of

_REASONS = 20
"""So many users who are left out are told with the reason."""


def tell_stats(found: Found) -> dict[str, Any]:
    """What `graph stats` prints; `bytes` are those the graph's files have, shared with its parent or not."""
    manifest, graph = found.manifest, found.open()
    return {
        "window": found.window,
        "at": found.place,
        "as_of": moment(manifest["as_of"]),
        "hash": manifest["hash"],
        "parent": manifest.get("about", {}).get("parent"),
        "bytes": bytes_of(manifest),
        **graph_stats(graph),
        "left_out": _left_out(graph),
    }


def _left_out(graph: InterestGraph) -> dict[str, Any]:
    """Users whom models do not see, or not their edges to items, and of the first of them why."""
    told = noise_of(graph).told
    names = ids(graph, "user")
    why = told.head(_REASONS).to_dict("records")
    return {
        "users": int((told["left_out"] == "user").sum()),
        "edges to items": int((told["left_out"] != "user").sum()),
        "why": [
            {"user_id": names[each.pop("user_row")].as_py(), **each, "score": float(each.pop("score"))} for each in why
        ],
    }


def tell_user(graph: InterestGraph, user_id: str, *, k: int) -> dict[str, Any]:
    """The user's `k` heaviest interests of each kind."""
    told = {kind: [_tell(each, kind) for each in interests(graph, user_id, kind)[:k]] for kind in KINDS}
    return {"user_id": user_id, "as_of": moment(graph.as_of), "interests": told}


def tell_difference(before: InterestGraph, after: InterestGraph, *, user_id: str | None = None) -> dict[str, Any]:
    """Totals and what each category gained or lost; of a user, what became of each interest in a category."""
    told: dict[str, Any] = {
        "from": moment(before.as_of),
        "to": moment(after.as_of),
        "total": compare(before, after).to_dict(),
        "categories": group_changes(before, after),
    }
    if user_id is not None:
        told["user"] = _tell_user_changes(before, after, user_id)
    return told


def _tell_user_changes(before: InterestGraph, after: InterestGraph, user_id: str) -> dict[str, Any]:
    """Rows never move: a user with another one was erased, and what came since is all there is of a new one."""
    row, now = user_row(before, user_id), user_row(after, user_id)
    erased = row is not None and row != now
    was, is_now = (interests(graph, user_id, "category") for graph in (before, after))
    changes = interest_changes([] if erased else was, is_now)
    return {
        "user_id": user_id,
        "known": now is not None,
        "erased": erased,
        "changes": [asdict(each) | {"words": change_in_words(each)} for each in changes],
    }


def _tell(interest: Interest, kind: str) -> dict[str, Any]:
    """`innermost` and `within`: a category's own name and where it lies; of an item, its id and its category."""
    innermost, within = path_parts(interest.name) if kind == "category" else (interest.name, interest.category or "")
    return asdict(interest) | {
        "first_at": moment(interest.first_at),
        "last_at": moment(interest.last_at),
        "mean_gap_days": interest.mean_gap_days,
        "events": ", ".join(events_in_words(interest.counts)),
        "innermost": innermost,
        "within": within,
    }
