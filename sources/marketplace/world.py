"""The world of one simulation, and what it looks like on one of its days: everything visits are drawn from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from sources.marketplace.bots import bot_ids
from sources.marketplace.catalogue import Catalogue, build_catalogue
from sources.marketplace.chance import Floats, Ints
from sources.marketplace.people import OWN, People, build_people
from sources.marketplace.rhythm import Rhythm
from sources.marketplace.scenarios import CAMPAIGN_SHARE
from sources.marketplace.settings import Settings
from sources.marketplace.staples import Staples, build_staples
from sources.marketplace.visits import Templates, templates
from sources.marketplace.words import BRANDS, BRANDS_EACH, DEPARTMENT_OF

SLICE = 50_000
"""About how many events are made at once, whatever the size of the simulation."""

_ROOM = 0.99
"""The share of the events asked for that people make; duplicates and bots bring the rest."""


class World:
    """A pure function of the settings. Building it takes memory by users and items, never by events."""

    def __init__(self, settings: Settings) -> None:
        self.settings, options = settings, settings.options
        self.seed = options.seed
        self.rhythm = Rhythm(settings)
        self.catalogue: Catalogue = build_catalogue(options)
        self.people: People = build_people(options)
        self.staples: Staples = build_staples(options, self.catalogue, self.people)
        self.templates: Templates = templates(options.scenario)
        self.campaign_share = CAMPAIGN_SHARE[options.scenario]
        self.taste = _running(self.catalogue.weights)
        self.origin_us = int(settings.origin.timestamp()) * 1_000_000
        self._day: Day | None = None

    def day(self, day: int) -> Day:
        """The world on `day`; the last one asked for is kept."""
        if self._day is None or self._day.day != day:
            self._day = Day(self, day)
        return self._day

    def day_us(self, days: range) -> Ints:
        """Microseconds since 1970 at which each of `days` starts."""
        return self.origin_us + np.arange(days.start, days.stop) * 86_400_000_000

    @cached_property
    def user_ids(self) -> pa.Array:
        """The ids of people, then of bots."""
        return pa.concat_arrays([self.people.ids, bot_ids(self.settings)])

    @cached_property
    def extras(self) -> pa.Array:
        """The texts that `extras` of an event may have: campaigns, then the brands that may be followed."""
        texts = [{"campaign": campaign.code} for campaign in self.rhythm.campaigns]
        return pa.array([json.dumps(text) for text in [*texts, *({"followed": brand} for brand in BRANDS)]])

    def budget(self, day: int) -> float:
        """How many events people are to make on `day`."""
        return _ROOM * self.settings.options.events * float(self.rhythm.volume[day])


@dataclass(frozen=True)
class Interval:
    """Items [first, last) of the catalogue, for each visit."""

    first: Ints
    last: Ints


class Day:
    """One day: who is there, what is on sale, what each user leans to, and how many visits there are."""

    def __init__(self, world: World, day: int) -> None:
        people, catalogue = world.people, world.catalogue
        self.world, self.day = world, day
        self.present = (people.born <= day) & (day < people.gone)
        self.activity = np.cumsum(people.activity * self.present)
        self.on_sale = (catalogue.born <= day) & (day < catalogue.gone)
        self.items = _running(catalogue.weights * self.on_sale)
        self.campaign_of_leaf = world.rhythm.campaign_of_leaf(day)
        sold = np.concatenate([[0], np.cumsum(self.on_sale)])
        self._leaf_open = np.diff(sold[catalogue.leaf_start]) > 0
        self._cell_open = np.diff(sold[catalogue.cell_start]) > 0

    @cached_property
    def leaning(self) -> Floats:
        """[users, slots] the probability that a visit of the user is about each interest."""
        people = self.world.people
        moved, season = people.moved(self.day), self.world.rhythm.season(self.day)
        weights = np.empty(people.slots.shape)
        weights[:, :OWN] = people.shares
        weights[:, OWN] = people.shares[:, 0] * moved
        weights[:, 0] *= 1 - moved
        weights[:, OWN + 1] = 1 - people.shares.sum(axis=1)
        weights *= np.where(people.slots >= 0, season[people.slots], 1.0)
        return weights / weights.sum(axis=1, keepdims=True)

    @cached_property
    def leaning_passed(self) -> NDArray[np.float32]:
        """[users, slots - 1] cumulative `leaning`, for drawing."""
        return np.cumsum(self.leaning, axis=1)[:, :-1].astype(np.float32)

    @cached_property
    def visits(self) -> int:
        """How many visits that are no repeat purchases begin on the day."""
        repeated = len(self.world.staples.due(self.day, 0.0, 1.0)[0])
        length = self.world.templates.mean("organic", self.world.templates.lengths)
        return max(round((self.world.budget(self.day) - 3 * repeated) / length), 1)

    def slices(self) -> Iterator[tuple[int, float, float]]:
        """Number, and from which share of the day's visits to which, of each part made at once."""
        count = -(-int(self.world.budget(self.day)) // SLICE)
        return ((place, place / count, (place + 1) / count) for place in range(count))

    def interval(self, leaf: Ints, brand: Ints) -> Interval:
        """The items a choice falls among: of the leaf's own brand, or without any on sale of the leaf, or of all.

        `leaf` may be ANYTHING; `brand` is the brand's place in the leaf's department, negative for any.
        """
        catalogue = self.world.catalogue
        in_leaf = (leaf >= 0) & self._leaf_open[leaf]
        cell = np.maximum(leaf, 0) * BRANDS_EACH + np.maximum(brand, 0)
        in_cell = in_leaf & (brand >= 0) & self._cell_open[cell]
        starts = np.where(in_leaf, catalogue.leaf_start[leaf], 0)
        stops = np.where(in_leaf, catalogue.leaf_start[leaf + 1], len(catalogue))
        return Interval(
            np.where(in_cell, catalogue.cell_start[cell], starts),
            np.where(in_cell, catalogue.cell_start[cell + 1], stops),
        )

    def own_brand(self, users: Ints, leaf: Ints) -> Ints:
        """The user's own brand in the department of `leaf`; negative where the leaf is ANYTHING."""
        return np.where(leaf >= 0, self.world.people.own_brands[users, DEPARTMENT_OF[leaf]], -1)


def _running(weights: Floats) -> Floats:
    """[segments · items + 1] running total of weights [segments, items]."""
    return np.concatenate([[0.0], np.cumsum(weights)])
