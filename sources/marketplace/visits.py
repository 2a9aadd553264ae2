"""What happens in a visit: templates of events, each event a kind and the visit's item that it is about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from features.schema import EVENT_TYPES
from sources.marketplace.chance import Floats, Ints
from sources.marketplace.scenarios import SOCIAL_SHARE

_KINDS = {
    "s": "search", "v": "view", "c": "cart", "p": "purchase", "t": "return",
    "l": "like", "h": "share", "m": "comment", "f": "follow", "r": "redeem",
}  # fmt: skip
KIND = {name: EVENT_TYPES.index(name) for name in EVENT_TYPES}

# Read "s v0 c1" as: a search, a view of the visit's first item, a cart with its second.
_SHOP = (
    (14, "v0"), (12, "v0 v1"), (12, "s v0 v1"), (9, "s v0 v1 v2 v3"), (9, "v0 v1 v2 c2"), (5, "s v0 v1 c0"),
    (10, "s v0 c0 p0"), (9, "v0 v1 c1 p1"), (8, "s v0 v1 c0 c1 p0"), (5, "v0 v1 v2 v3 v4 v5"),
    (3, "v0 l0"), (3, "s v0"),
)  # fmt: skip
_SOCIAL = (
    (20, "v0 l0"), (12, "v0 l0 v1 l1"), (10, "v0 h0"), (9, "v0 m0"), (8, "v0 f0"), (6, "v0 v1 v2 l2 m2"),
    (18, "v0 v1"), (9, "v0 v1 v2"), (8, "v0 l0 c0 p0"),
)  # fmt: skip
_CAMPAIGN = ((35, "v0"), (15, "v0 v1 v2 c1"), (12, "v0 r0 p0"), (18, "v0 v1 r0 c0 p0"), (10, "v0 v1 f0 l0 h0"))
_STAPLE = ((1, "v0 c0 p0"),)
_RETURN = ((1, "t0"),)
_GROUPS = {"shop": _SHOP, "social": _SOCIAL, "campaign": _CAMPAIGN, "staple": _STAPLE, "return": _RETURN}


@dataclass(frozen=True)
class Templates:
    """All templates, laid end to end. `kinds` and `places` have an entry an event (place -1: about no item).

    `starts`, `lengths`, `n_items` and `purchases` have an entry a template; `groups` is where each group's templates
    are, `odds` their cumulative probabilities.
    """

    kinds: Ints
    places: Ints
    starts: Ints
    lengths: Ints
    n_items: Ints
    purchases: Ints
    groups: dict[str, slice]
    odds: dict[str, Floats]

    def draw(self, group: str, chances: Floats) -> Ints:
        """A template of `group` for each of `chances`, numbers in [0, 1)."""
        return self.groups[group].start + np.searchsorted(self.odds[group], chances, side="right")

    def mean(self, group: str, of: Ints) -> float:
        """The mean of a template's property over a group."""
        odds = np.diff(self.odds[group], prepend=0.0)
        return float(odds @ of[self.groups[group]])


@cache
def templates(scenario: str) -> Templates:
    """The templates, with a group `organic` besides: shop and social in the scenario's shares."""
    groups, odds = {}, {}
    specs: list[list[str]] = []
    for name, rows in _GROUPS.items():
        groups[name] = slice(len(specs), len(specs) + len(rows))
        weights = np.array([weight for weight, _ in rows], float)
        odds[name] = weights / weights.sum()
        specs += [spec.split() for _, spec in rows]
    social = SOCIAL_SHARE[scenario]
    groups["organic"] = slice(groups["shop"].start, groups["social"].stop)
    odds["organic"] = np.concatenate([(1 - social) * odds["shop"], social * odds["social"]])
    places = [[int(event[1:] or -1) for event in spec] for spec in specs]
    lengths = np.array([len(spec) for spec in specs])
    return Templates(
        kinds=np.array([KIND[_KINDS[event[0]]] for spec in specs for event in spec]),
        places=np.array([place for spec in places for place in spec]),
        starts=np.cumsum(lengths) - lengths,
        lengths=lengths,
        n_items=np.array([max(max(spec) + 1, 1) for spec in places]),
        purchases=np.array([sum(event[0] == "p" for event in spec) for spec in specs]),
        groups=groups,
        odds={name: _cumulative(each) for name, each in odds.items()},
    )


def _cumulative(odds: Floats) -> Floats:
    total = np.cumsum(odds)
    total[-1] = 1.0  # a chance just below 1 must not fall off the end
    return total
