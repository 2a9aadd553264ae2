"""Drawing visits: who comes, what about, which items, and the events that follow one another."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from sources.marketplace.chance import Floats, For, Ints, hashed
from sources.marketplace.people import ANYTHING
from sources.marketplace.rhythm import DAY_MS, DISCOUNT, clock
from sources.marketplace.rows import BLOCK_STEP, DAY_STEP, NONE, Rows
from sources.marketplace.visits import KIND
from sources.marketplace.words import BRANDS_EACH, DEPARTMENT_OF, QUERY_FORMS
from sources.marketplace.world import Day, World

FAVOURITES = 8
"""How many favourite items a user has in a leaf."""
FAVOURITE_SHARE = 0.35
"""The share of choices that fall on one of them."""

_COUNTS = np.array([0.75, 0.92, 0.98, 1.0])
_ADVERTISED = (KIND["view"], KIND["redeem"], KIND["purchase"])


@dataclass(frozen=True)
class Visits:
    """Visits: `at` is the milliseconds of the day at which each begins; its items are `items[item_start:]`."""

    user: Ints
    template: Ints
    at: Ints
    campaign: Ints
    item_start: Ints
    items: Ints


def draw_visits(day: Day, rng: np.random.Generator, count: int, low: float, high: float) -> Visits:
    """`count` visits that begin between the shares `low` and `high` of the day's visits."""
    world, people = day.world, day.world.people
    user = np.searchsorted(day.activity, rng.random(count) * day.activity[-1], side="right")
    slot = (rng.random(count, np.float32)[:, None] >= day.leaning_passed[user]).sum(axis=1)
    leaf = people.slots[user, slot]
    campaign = np.where(leaf >= 0, day.campaign_of_leaf[leaf], NONE)
    campaign[rng.random(count) >= world.campaign_share] = NONE
    chances = rng.random(count)
    template = world.templates.draw("organic", chances)
    brought = campaign >= 0
    template[brought] = world.templates.draw("campaign", chances[brought])
    sizes = world.templates.n_items[template]
    return Visits(
        user=user,
        template=template,
        at=clock(low + (high - low) * rng.random(count)),
        campaign=campaign,
        item_start=np.cumsum(sizes) - sizes,
        items=_choose(day, rng, user, leaf, sizes),
    )


def staple_visits(day: Day, low: float, high: float) -> Visits:
    """The repeat purchases that fall between the shares `low` and `high` of the day's visits."""
    staples = day.world.staples
    rows, share = staples.due(day.day, low, high)
    order = np.argsort(rows, kind="stable")
    rows, share = rows[order], share[order]
    return Visits(
        user=staples.user[rows],
        template=np.full(len(rows), day.world.templates.groups["staple"].start),
        at=clock(share),
        campaign=np.full(len(rows), NONE),
        item_start=np.arange(len(rows)),
        items=staples.item[rows],
    )


def both(first: Visits, second: Visits) -> Visits:
    moved = replace(second, item_start=second.item_start + len(first.items))
    return Visits(
        **{each.name: np.concatenate([getattr(first, each.name), getattr(moved, each.name)]) for each in fields(Visits)}
    )


def unfold(world: World, visits: Visits, rng: np.random.Generator, day: int, block: int, until: int) -> Rows:
    """The visits' events in the order of time, all before `until` (milliseconds of the day)."""
    lengths = world.templates.lengths[visits.template]
    visit = np.repeat(np.arange(len(lengths)), lengths)
    count = len(visit)
    if count > BLOCK_STEP:
        raise ValueError(f"block {block} of day {day} has {count} events, more than the {BLOCK_STEP} that ids allow")
    place = np.arange(count)
    event = place + np.repeat(world.templates.starts[visits.template] - np.cumsum(lengths) + lengths, lengths)
    at = _times(rng, visits.at, lengths, visit, until)
    order = np.sort((at << 20) | place) & (2**20 - 1)  # unique keys: the order is the same on any machine
    visit, event = visit[order], event[order]
    kind, position = world.templates.kinds[event], world.templates.places[event]
    item = np.where(position < 0, NONE, visits.items[visits.item_start[visit] + np.maximum(position, 0)])
    campaign = np.where((position == 0) & np.isin(kind, _ADVERTISED), visits.campaign[visit], NONE)
    quantity, value = _amounts(world, rng, kind, item, campaign >= 0)
    base = day * DAY_STEP + block * BLOCK_STEP
    return Rows(
        code=base + order,
        visit=base + visit,
        at=world.origin_us + (day * DAY_MS + at[order]) * 1000,
        user=visits.user[visit],
        item=item,
        kind=kind,
        quantity=quantity,
        value=value,
        query=_queries(world, rng, kind, visits, visit),
        extras=_extras(world, kind, item, campaign),
        revision=np.zeros(count, np.int64),
    )


def favourites(world: World, user: Ints, leaf: Ints, number: Ints) -> Ints:
    """The user's favourite item `number` of FAVOURITES in `leaf`: the same at any time, on sale or not.

    The first ones, as many as the user is loyal, are of the own brand where the leaf has it.
    """
    people, catalogue = world.people, world.catalogue
    chance = hashed(world.seed, For.FAVOURITES, user, leaf, number)
    cell = leaf * BRANDS_EACH + people.own_brands[user, DEPARTMENT_OF[leaf]]
    own = (number < np.round(people.loyalty[user] * FAVOURITES)) & (
        catalogue.cell_start[cell] < catalogue.cell_start[cell + 1]
    )
    first = np.where(own, catalogue.cell_start[cell], catalogue.leaf_start[leaf])
    last = np.where(own, catalogue.cell_start[cell + 1], catalogue.leaf_start[leaf + 1])
    return _pick(world.taste, chance, people.segment[user] * len(catalogue), first, last)


def _choose(day: Day, rng: np.random.Generator, user: Ints, leaf: Ints, sizes: Ints) -> Ints:
    """The items of all visits, one visit's after the other's."""
    world = day.world
    loyal = rng.random(len(user)) < world.people.loyalty[user]
    among = day.interval(leaf, np.where(loyal, day.own_brand(user, leaf), -1))
    visit = np.repeat(np.arange(len(user)), sizes)
    offset = world.people.segment[user] * len(world.catalogue)
    chances = rng.random(len(visit))
    items = _pick(day.items, chances, offset[visit], among.first[visit], among.last[visit])
    loved = np.flatnonzero((rng.random(len(visit)) < FAVOURITE_SHARE) & (leaf[visit] != ANYTHING))
    number = (rng.random(len(loved)) * FAVOURITES).astype(np.int64)
    wished = favourites(world, user[visit[loved]], leaf[visit[loved]], number)
    to_have = day.on_sale[wished]
    items[loved[to_have]] = wished[to_have]
    return items


def _pick(running: Floats, chance: Floats, offset: Ints, first: Ints, last: Ints) -> Ints:
    """An item of [first, last) by its share of the running total of weights."""
    low, high = running[offset + first], running[offset + last]
    at = np.minimum(low + chance * (high - low), np.nextafter(high, low))  # rounding must not reach the next item
    return np.searchsorted(running, at, side="right") - 1 - offset


def _times(rng: np.random.Generator, start: Ints, lengths: Ints, visit: Ints, until: int) -> Ints:
    """Milliseconds of the day: events follow one another by 4 to 64 s, closer where the visit would pass `until`."""
    gaps = 4_000 + (60_000 * rng.random(len(visit), np.float32)).astype(np.int64)
    passed = np.cumsum(gaps)
    ends = np.cumsum(lengths)
    offset = passed - passed[ends - lengths][visit]
    length = offset[ends - 1] + 1
    scale = np.minimum(1.0, (until - start) / length)
    return start[visit] + (offset * scale[visit]).astype(np.int64)


def _amounts(
    world: World, rng: np.random.Generator, kind: Ints, item: Ints, reduced: np.ndarray
) -> tuple[Floats, Floats]:
    """Quantity of what is put in a cart, bought or redeemed, and the value of what is bought; NaN elsewhere."""
    quantity, value = np.full(len(kind), np.nan), np.full(len(kind), np.nan)
    counted = np.flatnonzero(np.isin(kind, (KIND["cart"], KIND["purchase"], KIND["redeem"])))
    quantity[counted] = 1.0 + np.searchsorted(_COUNTS, rng.random(len(counted)), side="right")
    bought = np.flatnonzero(kind == KIND["purchase"])
    price = world.catalogue.price[item[bought]] * np.where(reduced[bought], 1 - DISCOUNT, 1.0)
    value[bought] = np.round(quantity[bought] * price, 2)
    return quantity, value


def _queries(world: World, rng: np.random.Generator, kind: Ints, visits: Visits, visit: Ints) -> Ints:
    """A search asks for the leaf of the visit's first item."""
    query = np.full(len(kind), NONE)
    searches = np.flatnonzero(kind == KIND["search"])
    leaf = world.catalogue.leaf[visits.items[visits.item_start[visit[searches]]]]
    forms = len(QUERY_FORMS)
    query[searches] = leaf * forms + (rng.random(len(searches)) * forms).astype(np.int64)
    return query


def _extras(world: World, kind: Ints, item: Ints, campaign: Ints) -> Ints:
    """The campaign that an event belongs to, or the brand that a follow is about."""
    extras = campaign.copy()
    follows = np.flatnonzero(kind == KIND["follow"])
    extras[follows] = len(world.rhythm.campaigns) + world.catalogue.brand[item[follows]]
    return extras
