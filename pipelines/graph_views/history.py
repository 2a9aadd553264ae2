"""What became of a user's interests, window by window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from features.difference import Change, interest_changes
from features.ego import Interest, interests, labels, user_row
from pipelines.context import Context
from pipelines.graph_views.finding import find_graph, know_user, windows_with_graphs
from pipelines.graph_views.wording import change_in_words, moment


@dataclass(frozen=True)
class Past:
    """A user's interests of one kind at the end of a window; `row`: the user's in the graph, None where it had none."""

    window: str
    as_of: int
    row: int | None
    interests: Sequence[Interest]

    @property
    def known(self) -> bool:
        return self.row is not None

    def erased_after(self, before: Past) -> bool:
        """Rows never move: whoever has another one was forgotten, and is a new user since."""
        return before.row is not None and before.row != self.row

    def weight(self, name: str) -> float:
        """At the longest half-life; 0 where there was no such interest."""
        return next((each.long for each in self.interests if each.name == name), 0.0)


def past_of(context: Context, user_id: str, until: str, kind: str = "category") -> list[Past]:
    """The user's past in the graphs as of the ends of windows up to `until`, the oldest first."""
    past = []
    for name in windows_with_graphs(context):
        if name <= until:
            graph = find_graph(context, name).open()
            past.append(Past(name, graph.as_of, user_row(graph, user_id), interests(graph, user_id, kind)))
    return past


def tell_history(context: Context, user_id: str, until: str | None, kind: str, *, k: int) -> dict[str, Any]:
    """By window what the user's interests weighed and what happened to them; `k` interests, those that ever weighed
    most. Raises UnknownUserError where no graph has the user."""
    newest = find_graph(context, until)
    past = past_of(context, user_id, newest.window, kind)
    if not any(each.known for each in past):
        know_user(user_id, (newest, newest.open()))
    called = labels(each for one in past for each in one.interests)
    heaviest = sorted(called, key=lambda name: (-max(one.weight(name) for one in past), name))[:k]
    return {
        "user_id": user_id,
        "kind": kind,
        "interests": [
            {"name": name, "label": called[name], "weights": [one.weight(name) for one in past]} for name in heaviest
        ],
        "windows": tell_past(past),
    }


def tell_past(past: Sequence[Past]) -> list[dict[str, Any]]:
    """What each window changed against the one before it; nothing is told of the first one."""
    changes: list[list[Change]] = [[]]
    changes += [
        interest_changes([] if after.erased_after(before) else before.interests, after.interests)
        for before, after in pairwise(past)
    ]
    erased = [False, *(after.erased_after(before) for before, after in pairwise(past))]
    return [
        {
            "window": one.window,
            "as_of": moment(one.as_of),
            "known": one.known,
            "erased": gone or (not one.known and any(each.known for each in past[:place])),
            "changes": [asdict(change) | {"words": change_in_words(change)} for change in changed],
        }
        for place, (one, changed, gone) in enumerate(zip(past, changes, erased, strict=False))
    ]
