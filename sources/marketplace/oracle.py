"""What a recommender could know at best: the probability that a user buys an item, from the latent state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sources.connector import SourceFault
from sources.marketplace.chance import Floats, For, Ints, stream
from sources.marketplace.people import ANYTHING, OWN
from sources.marketplace.rhythm import share_passed
from sources.marketplace.sessions import FAVOURITE_SHARE, FAVOURITES, favourites
from sources.marketplace.staples import LOOSE
from sources.marketplace.world import Day, World

_AT_ONCE = 256
"""Users whose probabilities are held in memory at once."""


class Oracle:
    """Knows the latent state, and what was bought before; not what will be drawn."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._row = {user: row for row, user in enumerate(world.people.ids.to_pylist())}
        self._items = world.catalogue.ids.to_numpy(zero_copy_only=False)

    def probability(self, users: Sequence[str], as_of: datetime, horizon: timedelta) -> Floats:
        """[users, items] the probability that the user buys the item at least once in [as_of, as_of + horizon).

        Items are in the order of `item_ids`. Visits of a user are taken as a Poisson process, which the draw of the
        visitors from a fixed number of visits approaches. Raises SourceFault for a user whom the world does not know.
        """
        rows, start, end = self._rows(users), self._time(as_of), self._time(as_of + horizon)
        rate = np.zeros((len(rows), len(self._items)))
        for day in range(int(np.floor(start)), int(np.ceil(end))):
            share = min(end, day + 1) - max(start, day)
            if 0 <= day < self.world.settings.options.days:
                rate += share * _purchase_rate(self.world.day(day), rows)
        return 1 - np.exp(-rate) * self._unless_due(rows, start, end)

    @property
    def item_ids(self) -> NDArray[np.object_]:
        return self._items

    def ranking(self, users: Sequence[str], as_of: datetime, horizon: timedelta, *, k: int = 20) -> pd.DataFrame:
        """The k likeliest items of each user: columns user_id, rank (from 1), item_id, probability.

        No ranking has a higher expected DCG@k on what these users buy in the horizon.
        """
        parts = []
        for first in range(0, len(users), _AT_ONCE):
            some = users[first : first + _AT_ONCE]
            chances = self.probability(some, as_of, horizon)
            top = np.argsort(-chances, axis=1, kind="stable")[:, :k]
            part = {
                "user_id": np.repeat(np.asarray(some, object), top.shape[1]),
                "rank": np.tile(np.arange(1, top.shape[1] + 1), len(some)),
                "item_id": self._items[top].ravel(),
                "probability": np.take_along_axis(chances, top, axis=1).ravel(),
            }
            parts.append(pd.DataFrame(part))
        return pd.concat(parts, ignore_index=True)

    def ceiling(self, bought: pd.DataFrame, as_of: datetime, horizon: timedelta, *, k: int = 20) -> float:
        """The mean NDCG@k of the best ranking on what was really bought: pairs `user_id`, `item_id` of the horizon."""
        pairs = bought[["user_id", "item_id"]].drop_duplicates()
        users = sorted(pairs["user_id"].unique())
        return mean_ndcg(self.ranking(users, as_of, horizon, k=k), pairs, k=k)

    def expected_ndcg(
        self, users: Sequence[str], as_of: datetime, horizon: timedelta, *, k: int = 20, draws: int = 50
    ) -> float:
        """The mean NDCG@k that the best ranking may expect, of `users` who buy, over `draws` of the horizon."""
        rng, gains, counted = stream(self.world.seed, For.CEILING), 0.0, 0
        for first in range(0, len(users), _AT_ONCE):
            chances = -np.sort(-self.probability(users[first : first + _AT_ONCE], as_of, horizon), axis=1)
            for _ in range(draws):
                relevant = rng.random(chances.shape) < chances
                buyers = relevant.any(axis=1)
                gains += float(_ndcg(relevant[buyers, :k], relevant[buyers].sum(axis=1), k).sum())
                counted += int(buyers.sum())
        return gains / counted if counted else float("nan")

    def _unless_due(self, rows: Ints, start: float, end: float) -> Floats:
        """[users, items] the probability that no repeat purchase of the item falls in [start, end)."""
        staples, missed = self.world.staples, np.ones((len(rows), len(self._items)))
        place = np.full(len(self.world.people), -1)
        place[rows] = np.arange(len(rows))
        mine = place[staples.user] >= 0
        turn = staples.turn_at(start)
        pending = staples.bought_at(turn) >= start  # what was bought before is known
        while True:
            due = staples.phase + turn * staples.period
            low, high = np.maximum(due, start), due + LOOSE * staples.period
            here = np.maximum(np.minimum(high, end) - low, 0) / np.maximum(high - low, 1e-12)
            there = mine & pending & (low >= staples.first) & (low < np.minimum(staples.last, end)) & (here > 0)
            np.multiply.at(missed, (place[staples.user[there]], staples.item[there]), 1 - np.minimum(here[there], 1))
            turn, pending = turn + 1, np.ones_like(pending)
            if not (mine & (due + staples.period < end)).any():
                return missed

    def _rows(self, users: Sequence[str]) -> Ints:
        unknown = [user for user in users if user not in self._row]
        if unknown:
            raise SourceFault(
                f"the simulation has no user {unknown[0]!r}",
                where="truth of the marketplace",
                mend="name users of truth/users.parquet; bots have no interests",
            )
        return np.array([self._row[user] for user in users])

    def _time(self, instant: datetime) -> float:
        """Days since the start, of which the fraction is the share of the day's visits passed."""
        days, rest = divmod(instant - self.world.settings.origin, timedelta(days=1))
        return days + share_passed(rest / timedelta(days=1))


def _purchase_rate(day: Day, users: Ints) -> Floats:
    """[users, items] how many of each item a user is expected to buy on the day, repeat purchases apart."""
    world, n_items = day.world, len(day.world.catalogue)
    steps = np.zeros((len(users), n_items + 1))
    extra = np.zeros((len(users), n_items))
    segment = world.people.segment[users]
    visits = day.visits * world.people.activity[users] * day.present[users] / day.activity[-1]
    place = np.arange(len(users))
    for slot in range(OWN + 2):
        leaf = world.people.slots[users, slot]
        rate = visits * day.leaning[users, slot] * _purchases_a_visit(day, leaf)
        fresh = rate - _add_favourites(day, users, leaf, rate, extra)
        loyalty = world.people.loyalty[users]
        for brand, share in ((day.own_brand(users, leaf), loyalty), (np.full(len(users), -1), 1 - loyalty)):
            among = day.interval(leaf, brand)
            offset = segment * n_items
            mass = day.items[offset + among.last] - day.items[offset + among.first]
            density = fresh * share / mass
            np.add.at(steps, (place, among.first), density)
            np.add.at(steps, (place, among.last), -density)
    weights = world.catalogue.weights[segment] * day.on_sale
    return np.maximum(np.cumsum(steps, axis=1)[:, :-1], 0) * weights + extra


def _purchases_a_visit(day: Day, leaf: Ints) -> Floats:
    """How many items a visit about `leaf` buys on average; a campaign's visits buy more."""
    known = day.world.templates
    organic, campaign = (known.mean(group, known.purchases) for group in ("organic", "campaign"))
    share = np.where((leaf >= 0) & (day.campaign_of_leaf[leaf] >= 0), day.world.campaign_share, 0.0)
    return (1 - share) * organic + share * campaign


def _add_favourites(day: Day, users: Ints, leaf: Ints, rate: Floats, into: Floats) -> Floats:
    """Add the rate that falls on favourite items to `into`; gives how much that is of each user's."""
    spent = np.zeros(len(users))
    with_leaf = np.flatnonzero((leaf != ANYTHING) & (rate > 0))
    for number in range(FAVOURITES):
        wished = favourites(day.world, users[with_leaf], leaf[with_leaf], np.full(len(with_leaf), number))
        part = FAVOURITE_SHARE / FAVOURITES * rate[with_leaf] * day.on_sale[wished]
        np.add.at(into, (with_leaf, wished), part)
        spent[with_leaf] += part
    return spent


def mean_ndcg(ranking: pd.DataFrame, bought: pd.DataFrame, *, k: int) -> float:
    """The mean NDCG@k over the users of `bought` (distinct pairs user_id, item_id); a user without a list has 0."""
    pairs = bought[["user_id", "item_id"]].drop_duplicates()
    counts = pairs.groupby("user_id").size()
    hits = ranking[ranking["rank"] <= k].merge(pairs, on=["user_id", "item_id"])
    gain = (1 / np.log2(hits["rank"] + 1)).groupby(hits["user_id"]).sum()
    return float((gain.reindex(counts.index, fill_value=0.0) / _ideal(counts.to_numpy(), k)).mean())


def _ndcg(relevant: NDArray[np.bool_], totals: Ints, k: int) -> Floats:
    """[users] NDCG@k of lists whose entries are `relevant` [users, k], of `totals` relevant items in all."""
    discounts = 1 / np.log2(np.arange(relevant.shape[1]) + 2)
    return relevant @ discounts / _ideal(totals, k)


def _ideal(totals: NDArray[np.integer], k: int) -> Floats:
    return np.cumsum(1 / np.log2(np.arange(k) + 2))[np.minimum(totals, k) - 1]
