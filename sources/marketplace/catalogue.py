"""The items: leaf, brand, price, popularity and life span of each, and the rows that tell of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from sources.marketplace.chance import Floats, For, Ints, stream
from sources.marketplace.settings import LABEL, Options
from sources.marketplace.words import (
    ADJECTIVES,
    ADJECTIVES_CHINESE,
    BRANDS,
    BRANDS_EACH,
    DEPARTMENT_OF,
    LEAVES,
    PRAISE,
    PRAISE_CHINESE,
)

NEVER = 2**30
"""A day that does not come."""

SEGMENTS = 3
AFFINITY = np.array([[3.0, 1.0, 0.3], [1.0, 1.5, 1.0], [0.3, 1.0, 3.0]])
"""[segment, price tier] how much a thrifty, an even and a choosy shopper are drawn to cheap, middling and dear."""

_ZIPF = 0.95
_COLD, _WITHDRAWN = 0.15, 0.05


@dataclass(frozen=True)
class Catalogue:
    """Items ordered by (leaf, brand): a leaf, or a brand within it (a cell), is an interval of rows.

    `born` and `gone` are days (first day on sale, first day no longer); `weights` [segments, items] is how likely each
    item is within a leaf; `leaf_start` and `cell_start` delimit the intervals.
    """

    ids: pa.Array
    leaf: Ints
    cell: Ints
    tier: Ints
    price: Floats
    popularity: Floats
    weights: Floats
    born: Ints
    gone: Ints
    leaf_start: Ints
    cell_start: Ints

    def __len__(self) -> int:
        return len(self.leaf)

    @cached_property
    def brand(self) -> Ints:
        """Rows of BRANDS."""
        return DEPARTMENT_OF[self.leaf] * BRANDS_EACH + self.cell % BRANDS_EACH


def launch_days(days: int) -> Ints:
    """[leaves] the first day of each leaf; later than 0 for the new ones, which come one after the other."""
    new = [place for place, leaf in enumerate(LEAVES) if leaf.new]
    launches = np.zeros(len(LEAVES), np.int64)
    launches[new] = [max(1, round(days * (0.3 + 0.25 * order))) for order in range(len(new))]
    return launches


def build_catalogue(options: Options) -> Catalogue:
    rng, n = stream(options.seed, For.ITEMS), options.items
    share = rng.permutation((np.arange(len(LEAVES)) + 4.0) ** -0.7)
    spare = np.searchsorted(np.cumsum(share / share.sum()), rng.random(n - len(LEAVES)))
    leaf = np.sort(np.concatenate([np.arange(len(LEAVES)), np.minimum(spare, len(LEAVES) - 1)]))
    brand_draw = np.minimum((rng.random(n) ** 1.5 * BRANDS_EACH).astype(np.int64), BRANDS_EACH - 1)
    cell = np.sort(leaf * BRANDS_EACH + brand_draw)
    leaf_start = np.searchsorted(leaf, np.arange(len(LEAVES) + 1))
    base = np.array([each.price for each in LEAVES])[leaf]
    price = np.round(base * np.exp(0.45 * rng.standard_normal(n)), 2)
    tier = _tiers(price, leaf, leaf_start)
    popularity = rng.permutation((np.arange(n) + 3.0) ** -_ZIPF)
    born, gone = _lives(rng, leaf, leaf_start, options.days)
    return Catalogue(
        ids=_ids(rng.permutation(n)),
        leaf=leaf,
        cell=cell,
        tier=tier,
        price=price,
        popularity=popularity,
        weights=popularity * AFFINITY[:, tier],
        born=born,
        gone=gone,
        leaf_start=leaf_start,
        cell_start=np.searchsorted(cell, np.arange(len(LEAVES) * BRANDS_EACH + 1)),
    )


def item_rows(catalogue: Catalogue, days: range, day_us: Ints) -> pa.Table:
    """What is told of items on `days`: those born, and those withdrawn, the latter once more with a later valid_from.

    `day_us` are the microseconds since 1970 at which each of `days` starts.
    """
    news = [(int(row), False) for row in _within(catalogue.born, days)]
    news += [(int(row), True) for row in _within(catalogue.gone, days)]
    ids = catalogue.ids.take(pa.array([row for row, _ in news], pa.int64())).to_pylist()
    told = [_told(catalogue, row, ids[place], withdrawn) for place, (row, withdrawn) in enumerate(news)]
    at = [int(day_us[(catalogue.gone if gone else catalogue.born)[row] - days.start]) for row, gone in news]
    columns = {name: pa.array([row[name] for row in told], kind) for name, kind in _COLUMNS.items()}
    columns["valid_from"] = pa.array(at, pa.int64()).cast(pa.timestamp("us", tz="UTC"))
    columns["extras"] = pa.array([row["extras"] for row in told], pa.string())
    return pa.table(columns).sort_by([("valid_from", "ascending"), ("item_id", "ascending")])


_COLUMNS = {
    "item_id": pa.string(),
    "title": pa.string(),
    "category": pa.string(),
    "brand": pa.string(),
    "price": pa.float64(),
    "description": pa.string(),
    "image_url": pa.string(),
}


def _told(catalogue: Catalogue, row: int, item_id: str, withdrawn: bool) -> dict[str, object]:
    leaf, number = LEAVES[catalogue.leaf[row]], int(item_id[1:])
    chinese = number % 3 == 0
    word = (leaf.chinese if chinese else leaf.words)[number // 3 % 2]
    adjective = (ADJECTIVES_CHINESE if chinese else ADJECTIVES)[number // 6 % 10]
    praise = (PRAISE_CHINESE if chinese else PRAISE)[number // 60 % 4]
    brand = BRANDS[catalogue.brand[row]]
    extras = {"language": "zh" if chinese else "en", LABEL: True, **({"withdrawn": True} if withdrawn else {})}
    return {
        "item_id": item_id,
        "title": f"{brand} {adjective}{word}" if chinese else f"{adjective} {word} by {brand}",
        "category": leaf.path,
        "brand": brand,
        "price": float(catalogue.price[row]),
        "description": f"{praise}（模拟商品）" if chinese else f"{praise} (A simulated item.)",
        "image_url": None,
        "extras": json.dumps(extras, sort_keys=True, ensure_ascii=False),
    }


def _within(day_of: Ints, days: range) -> Ints:
    return np.flatnonzero((day_of >= days.start) & (day_of < days.stop))


def _tiers(price: Floats, leaf: Ints, leaf_start: Ints) -> Ints:
    """The third of its leaf's prices that each item is in."""
    order = np.lexsort((price, leaf))
    rank = np.empty(len(price), np.int64)
    rank[order] = np.arange(len(price))
    size = np.diff(leaf_start)[leaf]
    return (rank - leaf_start[leaf]) * SEGMENTS // size


def _lives(rng: np.random.Generator, leaf: Ints, leaf_start: Ints, days: int) -> tuple[Ints, Ints]:
    """First day on sale, and first day no longer; the first item of each leaf stays as long as the leaf does."""
    launches, n = launch_days(days), len(leaf)
    cold = rng.random(n) < _COLD
    born = np.where(cold, 1 + np.floor(rng.random(n) * max(days - 1, 1)).astype(np.int64), 0)
    late_leaf = launches[leaf] > 0
    born = np.where(late_leaf, launches[leaf] + np.floor(rng.random(n) * 10).astype(np.int64), born)
    gone = np.where(rng.random(n) < _WITHDRAWN, born + 14 + np.floor(rng.random(n) * days).astype(np.int64), NEVER)
    born[leaf_start[:-1]], gone[leaf_start[:-1]] = launches, NEVER
    return born, np.where(gone < days, gone, NEVER)


def _ids(numbers: Ints) -> pa.Array:
    return pa.array([f"i{number:07d}" for number in numbers])
