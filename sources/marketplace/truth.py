"""The truth as tables and documents: the latent state of users and items, shifts, deletions, cases and the schedule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from sources.marketplace.catalogue import NEVER, launch_days
from sources.marketplace.chance import Ints
from sources.marketplace.people import OWN
from sources.marketplace.scenarios import CASES
from sources.marketplace.words import BRANDS, BRANDS_EACH, DEPARTMENTS, LEAVES
from sources.marketplace.world import World

WINDOW_TABLES = ("late", "duplicates", "broken", "corrections", "bots")
"""Truth that is written down event by event; its tables come with the parts of a delivery."""

_PATHS = pa.array([leaf.path for leaf in LEAVES])
_SEGMENTS = pa.array(["thrifty", "even", "choosy"])


def users(world: World) -> pa.Table:
    """A row a person: interests with their shares before any shift, taste in price, own brands, first and last day."""
    people = world.people
    columns: dict[str, Any] = {
        "user_id": people.ids,
        "price_taste": _SEGMENTS.take(pa.array(people.segment)),
        "brand_loyalty": people.loyalty,
        "activity": people.activity,
        "here_from": _days(world, people.born),
        "deletion_requested": _days(world, people.gone),
    }
    for slot in range(OWN):
        columns[f"interest_{slot + 1}"] = _PATHS.take(pa.array(people.slots[:, slot]))
        columns[f"share_{slot + 1}"] = people.shares[:, slot]
    for place, department in enumerate(DEPARTMENTS):
        brand = pa.array(place * BRANDS_EACH + people.own_brands[:, place])
        columns[f"brand_{department}"] = pa.array(BRANDS).take(brand)
    return pa.table(columns)


def items(world: World) -> pa.Table:
    """A row an item: its weight within its category for each taste in price, and its first and last day on sale."""
    catalogue = world.catalogue
    columns: dict[str, Any] = {
        "item_id": catalogue.ids,
        "category": _PATHS.take(pa.array(catalogue.leaf)),
        "brand": pa.array(BRANDS).take(pa.array(catalogue.brand)),
        "price_tier": pa.array(["low", "middle", "high"]).take(pa.array(catalogue.tier)),
        "popularity": catalogue.popularity,
        "on_sale_from": _days(world, catalogue.born),
        "withdrawn": _days(world, catalogue.gone),
        "cold": catalogue.born > 0,
    }
    for segment, name in enumerate(_SEGMENTS.to_pylist()):
        columns[f"weight_{name}"] = catalogue.weights[segment]
    return pa.table(columns)


def shifts(world: World) -> pa.Table:
    """A row a shift: who, when, from which first interest to which category, and how large its share is."""
    people = world.people
    rows = np.flatnonzero(people.shift_from < NEVER)
    sudden = people.shift_from[rows] == people.shift_until[rows]
    new = launch_days(world.settings.options.days)[people.slots[rows, OWN]] > 0
    return pa.table(
        {
            "user_id": people.ids.take(pa.array(rows)),
            "kind": pa.array(["gradual", "sudden"]).take(pa.array(sudden.astype(np.int64))),
            "starts": _days(world, people.shift_from[rows]),
            "complete": _days(world, people.shift_until[rows]),
            "from_category": _PATHS.take(pa.array(people.slots[rows, 0])),
            "to_category": _PATHS.take(pa.array(people.slots[rows, OWN])),
            "share": people.shares[rows, 0],
            "to_new_category": new,
        }
    )


def staples(world: World) -> pa.Table:
    """A row a thing that a user buys again and again: period, and days from the start to the first due date."""
    staples = world.staples
    return pa.table(
        {
            "user_id": world.people.ids.take(pa.array(staples.user)),
            "item_id": world.catalogue.ids.take(pa.array(staples.item)),
            "category": _PATHS.take(pa.array(world.catalogue.leaf[staples.item])),
            "period_days": staples.period,
            "phase_days": staples.phase,
        }
    )


def cold_users(world: World) -> pa.Table:
    people = world.people
    rows = np.flatnonzero((people.born > 0) & (people.born < world.settings.options.days))
    return pa.table({"user_id": people.ids.take(pa.array(rows)), "here_from": _days(world, people.born[rows])})


def deletions(world: World) -> pa.Table:
    """A row a user who asks to be deleted; nothing of that user happens from then on."""
    people = world.people
    rows = np.flatnonzero(people.gone < world.settings.options.days)
    return pa.table({"user_id": people.ids.take(pa.array(rows)), "requested_at": _days(world, people.gone[rows])})


TABLES: dict[str, Callable[[World], pa.Table]] = {
    "users": users,
    "items": items,
    "shifts": shifts,
    "staples": staples,
    "cold_users": cold_users,
    "deletions": deletions,
}


def schedule(world: World) -> dict[str, Any]:
    """What befalls the simulation as a whole: flaws of whole windows, new categories, seasons, campaigns and cases."""
    launches, settings = launch_days(world.settings.options.days), world.settings
    swing, best = world.rhythm.yearly
    return {
        "windows_with_flaws": {settings.name_of(window): flaw for window, flaw in settings.schedule().items()},
        "new_categories": [
            {"category": LEAVES[leaf].path, "from": _date(world, int(launches[leaf]))}
            for leaf in np.flatnonzero(launches)
        ],
        "categories": [
            {"category": leaf.path, "period_days": leaf.period, "swing": float(swing[row]), "best_day": int(best[row])}
            for row, leaf in enumerate(LEAVES)
        ],
        "campaigns": [
            {
                "campaign": each.code,
                "department": DEPARTMENTS[each.department],
                "from": _date(world, each.first),
                "until": _date(world, each.last),
            }
            for each in world.rhythm.campaigns
        ],
        "cases": [
            {
                "user_id": case.user_id,
                "is": case.says,
                "interests": dict(case.interests),
                "brand_loyalty": case.loyalty,
                "brands": _brands(world, row),
            }
            for row, case in enumerate(CASES)
        ],
    }


def _brands(world: World, row: int) -> list[str]:
    """The case's own brands, in the departments of its interests."""
    departments = dict.fromkeys(DEPARTMENTS.index(LEAVES[leaf].department) for leaf in CASES[row].leaves)
    return [BRANDS[each * BRANDS_EACH + int(world.people.own_brands[row, each])] for each in departments]


def _date(world: World, day: int) -> str:
    return (world.settings.start + timedelta(days=day)).isoformat()


def _days(world: World, days: Ints) -> pa.Array:
    """Dates; null for what does not happen within the simulation."""
    there = days < world.settings.options.days
    since = (world.origin_us // 86_400_000_000 + np.where(there, days, 0)).astype(np.int32)
    return pa.array(since, mask=~there).cast(pa.date32())
