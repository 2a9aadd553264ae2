"""What arrives in one window: its events in the order of arrival, a part at a time, and the truth about their flaws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa

from sources.marketplace.bots import bursts
from sources.marketplace.chance import For, Ints, hashed, stream
from sources.marketplace.flaws import BAD_BATCH_SHARE, BROKEN_SHARE, bot_rows, correct, double, spoil
from sources.marketplace.rhythm import DAY_MS, clock
from sources.marketplace.rows import BLOCK_STEP, DAY_STEP, Rows, event_ids, joined
from sources.marketplace.sessions import both, draw_visits, staple_visits, unfold
from sources.marketplace.visits import KIND
from sources.marketplace.world import World


class Block(IntEnum):
    """Small parts of a day's visits, drawn apart so that other windows can make them anew without making the day."""

    LATE = 900
    AGAIN = 901
    CORRECTED = 902
    RETURNED = 903
    RETURNS = 904


SHARES = {Block.LATE: 0.006, Block.AGAIN: 0.002, Block.CORRECTED: 0.015, Block.RETURNED: 0.006}
"""The share of a day's visits in each block, at least one visit."""

_LATE_BY = ((0.7, 1), (0.9, 2), (1.0, 6))
_RETURN_AFTER = (3, 9)

Truth = dict[str, pa.Table]


@dataclass(frozen=True)
class Part:
    """Rows that arrive together, and what is true of them: tables named as in WINDOW_TABLES of truth.py."""

    rows: Rows
    truth: Truth


def deliver(world: World, window: int) -> Iterator[Part]:
    """All that arrives in `window`: what is late from windows before it, then its own days, then its corrections.

    Depends on nothing but the world and the window; together the parts are never held in memory.
    """
    days = world.settings.days_of(window)
    if not days:
        return
    yield from _from_before(world, window, days)
    for day in days:
        yield from _of_day(world, day, window)
    for day in days:
        if _corrected_in(world, day) == window:
            yield _corrections(world, day, window)


def _from_before(world: World, window: int, days: range) -> Iterator[Part]:
    for day in range(days.start):
        if late_until(world, day) == window:
            rows = block_rows(world, day, Block.LATE)
            yield Part(rows, {"late": _moved(world, rows, day, window)})
        if _told_again_in(world, day) == window:
            rows = block_rows(world, day, Block.AGAIN)
            yield Part(rows, {"duplicates": _moved(world, rows, day, window)})
        if _corrected_in(world, day) == window:
            yield _corrections(world, day, window)


def _of_day(world: World, day: int, window: int) -> Iterator[Part]:
    main = world.day(day).visits - sum(block_size(world, day, block) for block in SHARES)
    for place, low, high in world.day(day).slices():
        today = world.day(day)
        rng = stream(world.seed, For.VISITS, day, place)
        visits = draw_visits(today, rng, max(round(main * high) - round(main * low), 0), low, high)
        visits = both(visits, staple_visits(today, low, high))
        rows = unfold(world, visits, rng, day, place, int(clock(np.array([high]))[0]))
        yield _flawed(world, rows, day, place, window)
    on_time = [block for block in SHARES if block is not Block.LATE or late_until(world, day) == window]
    yield Part(joined([block_rows(world, day, block) for block in on_time]), {})
    if len(bursts(world.settings).on(day)):
        rows = bot_rows(world, day)
        yield Part(rows, {"bots": _bot_truth(world, rows, window)})
    yield from _returns(world, day)


def block_size(world: World, day: int, block: Block) -> int:
    return -(-world.day(day).visits * round(SHARES[block] * 1000) // 1000)


def block_rows(world: World, day: int, block: Block) -> Rows:
    rng = stream(world.seed, For.VISITS, day, block)
    visits = draw_visits(world.day(day), rng, block_size(world, day, block), 0.0, 1.0)
    return unfold(world, visits, rng, day, block, DAY_MS)


def late_until(world: World, day: int) -> int:
    """The window in which the late block of `day` arrives; its own one where nothing is late."""
    lag = next(lag for below, lag in _LATE_BY if _lot(world, day, Block.LATE) < below)
    return _if_there(world, day, lag if "late" in world.settings.flaws else 0)


def _told_again_in(world: World, day: int) -> int | None:
    """The window that tells a block of `day` a second time."""
    later = _if_there(world, day, 1)
    return later if "duplicates" in world.settings.flaws and later != _window_of(world, day) else None


def _corrected_in(world: World, day: int) -> int | None:
    if "corrections" not in world.settings.flaws:
        return None
    return _if_there(world, day, int(_lot(world, day, Block.CORRECTED) < 0.5))


def _window_of(world: World, day: int) -> int:
    return day // world.settings.length


def _if_there(world: World, day: int, lag: int) -> int:
    """The window `lag` after that of `day`; its own one where the simulation ends before."""
    own = _window_of(world, day)
    return own + lag if own + lag < world.settings.windows else own


def _lot(world: World, day: int, block: Block) -> float:
    return float(hashed(world.seed, For.LAG, day, int(block))[0])


def _flawed(world: World, rows: Rows, day: int, place: int, window: int) -> Part:
    flaw, flaws, truth = world.settings.schedule().get(window), world.settings.flaws, {}
    whole = np.ones(len(rows), bool)
    share = BAD_BATCH_SHARE if flaw == "bad_batch" else BROKEN_SHARE if "broken" in flaws else 0.0
    if share:
        rng = stream(world.seed, For.BROKEN, day, place)
        rows, spoiled, table = spoil(rows, rng, share, words=flaw == "retyped_column")
        whole, truth["broken"] = ~spoiled, table.append_column("window", _named(world, window, len(table)))
    if "duplicates" in flaws:
        rows, codes = double(rows, stream(world.seed, For.DOUBLED, day, place), whole)
        names = _named(world, window, len(codes))
        truth["duplicates"] = pa.table({"event_id": event_ids(codes), "belongs_to": names, "arrives_in": names})
    return Part(rows, truth)


def _corrections(world: World, day: int, window: int) -> Part:
    rows = correct(block_rows(world, day, Block.CORRECTED))
    table = _moved(world, rows, day, window)
    became = pa.array(["purchase", "return"]).take(pa.array((rows.kind == KIND["return"]).astype(np.int64)))
    return Part(rows, {"corrections": table.append_column("became", became)})


def _returns(world: World, day: int) -> Iterator[Part]:
    """Goods that come back today, as events of their own: purchases of the block RETURNED of some day before."""
    first, last = _RETURN_AFTER
    for lag in range(first, min(last, day) + 1):
        bought_on = day - lag
        if first + int(_lot(world, bought_on, Block.RETURNED) * (last - first + 1)) == lag:
            bought = block_rows(world, bought_on, Block.RETURNED)
            still = bought.user[bought.kind == KIND["purchase"]]
            rows = bought.take(bought.kind == KIND["purchase"]).take(world.day(day).present[still])
            yield Part(_come_back(rows, bought_on, lag), {})


def _come_back(bought: Rows, bought_on: int, lag: int) -> Rows:
    code = bought_on * DAY_STEP + Block.RETURNS * BLOCK_STEP + np.arange(len(bought))
    return bought.but(
        code=code,
        visit=code,
        at=bought.at + lag * DAY_MS * 1000,
        kind=np.full(len(bought), KIND["return"]),
        extras=np.full(len(bought), -1),
    )


def _moved(world: World, rows: Rows, day: int, window: int) -> pa.Table:
    """Which events, to which window they belong, and in which they arrive."""
    return pa.table(
        {
            "event_id": event_ids(rows.code),
            "belongs_to": _named(world, _window_of(world, day), len(rows)),
            "arrives_in": _named(world, window, len(rows)),
        }
    )


def _bot_truth(world: World, rows: Rows, window: int) -> pa.Table:
    users: Ints = rows.user
    return pa.table(
        {
            "event_id": event_ids(rows.code),
            "user_id": world.user_ids.take(pa.array(users)),
            "window": _named(world, window, len(rows)),
        }
    )


def _named(world: World, window: int, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(world.settings.name_of(window)), count)
