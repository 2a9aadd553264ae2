"""What the daily watch gets wrong and how soon it sees: thousands of simulated champions, looked at every day."""

from __future__ import annotations

import math
import sys

import numpy as np
from scipy.stats import t as student

from benchmarks.figures import table
from benchmarks.watch_days import DAYS, FEWEST, LEVEL, MOST, USERS, Champion, draw, noisy
from models.watch.mixture import log_evidence
from models.watch.sequential import WatchRules
from models.watch.tally import Tally

CHAMPIONS, CHUNK, SEED = 2_000, 200, 7
RULES = WatchRules(margin=0.015 * LEVEL, alpha=0.05, typical_loss=0.04 * LEVEL, min_users=200, min_days=3)
WAYS = ("watch", "betting", "t-test of each day", "t-test of all days")
LARGEST_BET = 0.9
NULLS = (
    Champion("equal", 0.0),
    Champion("at the margin", -RULES.margin),
    noisy(Champion("at the margin", -RULES.margin)),
    Champion("at the margin, users differ lastingly", -RULES.margin, effect=0.12, noise=0.03),
    Champion("at the margin, few win much, others lose", -RULES.margin, winners=True, noise=0.02),
    Champion("at the margin, days differ by .003", -RULES.margin, shared=0.003),
    Champion("at the margin, days differ by .01", -RULES.margin, shared=0.01),
)
WORSE = (
    Champion("broken: NDCG .25 to .05", -0.8 * LEVEL, kept=0.2),
    Champion("10% worse", -0.1 * LEVEL),
    noisy(Champion("10% worse", -0.1 * LEVEL)),
    Champion("5% worse", -0.05 * LEVEL),
    noisy(Champion("5% worse", -0.05 * LEVEL)),
)
NEVER = DAYS + 1


class Betting:
    """Waudby-Smith & Ramdas 2024: wealth from bets on each day's mean, each bet placed by the days before (aGRAPA)."""

    def __init__(self, many: int) -> None:
        self._wealth, self._sum, self._squares, self._days = np.zeros(many), np.zeros(many), np.zeros(many), 0

    def add(self, loss: np.ndarray) -> np.ndarray:
        """Log wealth after a day on which users lost `loss` [champions] on average beyond the margin."""
        mean = self._sum / (self._days + 1)
        square = (self._squares + 0.01) / (self._days + 1)
        bet = np.clip(mean / square, 0.0, LARGEST_BET)
        self._wealth += np.log1p(bet * loss)
        self._sum += loss
        self._squares += loss**2
        self._days += 1
        return self._wealth.copy()


def run() -> tuple[str, dict[str, float]]:
    """`CHAMPIONS` of each kind for `DAYS` days: how often each way raises an alarm, and when."""
    generator = np.random.default_rng(SEED)
    found = {each.name: _first_alarms(each, generator) for each in (*NULLS, *WORSE)}
    figures = {
        "false_alarm_rate": _share(found["equal"]["watch"]),
        "false_alarm_rate_at_margin": _share(found["at the margin"]["watch"]),
        "largest_false_alarm_rate": max(_share(found[each.name]["watch"]) for each in NULLS),
        "nominal_rate": RULES.alpha,
        "median_days_to_catch_broken": float(np.median(found[WORSE[0].name]["watch"])),
        "power_at_ten_percent": _share(found["10% worse, noisy"]["watch"], within=14),
        "power_at_five_percent": _share(found["5% worse, noisy"]["watch"], within=14),
    }
    return _text(found), figures


def _first_alarms(champion: Champion, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """By way the day of the first alarm [CHAMPIONS], from 1; `NEVER` where there is none."""
    chunks = [_watch(champion, generator) for _ in range(CHAMPIONS // CHUNK)]
    print(f"watch: {champion.name}", file=sys.stderr)
    return {way: np.concatenate([chunk[way] for chunk in chunks]) for way in WAYS}


def _watch(champion: Champion, generator: np.random.Generator) -> dict[str, np.ndarray]:
    first = {way: np.full(CHUNK, NEVER) for way in WAYS}
    tally, betting, sums = Tally((CHUNK, USERS)), Betting(CHUNK), np.zeros((3, CHUNK))
    for day, (differences, judged) in enumerate(draw(champion, CHUNK, generator), start=1):
        tally.add(differences, judged)
        today = np.array([judged.sum(axis=1), differences.sum(axis=1), (differences**2).sum(axis=1)])
        sums += today
        found = tally.estimate()
        enough = (found.users >= RULES.min_users) & (found.days >= RULES.min_days)
        proof = math.log(1 / RULES.alpha)
        alarms = {
            "watch": log_evidence(found, at=-RULES.margin, typical=RULES.typical_loss) >= proof,
            "betting": betting.add(-today[1] / today[0] - RULES.margin) >= proof,
            "t-test of each day": _t_test(today),
            "t-test of all days": _t_test(sums),
        }
        for way, alarm in alarms.items():
            first[way] = np.where(alarm & enough & (first[way] == NEVER), day, first[way])
    return first


def _t_test(sums: np.ndarray) -> np.ndarray:
    """Of counts, sums and squares [3, champions]: Student's test as if every difference were news of its own."""
    count, total, squares = sums
    mean = total / count
    variance = (squares - count * mean**2) / (count - 1)
    return np.asarray((mean + RULES.margin) / np.sqrt(variance / count) < student.ppf(RULES.alpha, count - 1))


def _share(first: np.ndarray, within: int = DAYS) -> float:
    return float((first <= within).mean())


def _text(found: dict[str, dict[str, np.ndarray]]) -> str:
    nulls = [_alarmed(each.name, found[each.name]) for each in NULLS]
    worse = [_caught(each.name, found[each.name]["watch"], found[each.name]["betting"]) for each in WORSE]
    return (
        "## The daily watch (`make bench-watch`)\n\n"
        f"{CHAMPIONS:,} simulated champions of each kind, looked at daily for {DAYS} days; {USERS:,} users, of whom "
        f"{FEWEST} to {MOST} are judged a day; margin {RULES.margin:.5f} (1.5% of an NDCG of {LEVEL}), level "
        f"{RULES.alpha:.0%}, nothing said before {RULES.min_users} users on {RULES.min_days} days. Differences of one "
        "user and day deviate by .05, noisy ones by .1, and 55% are exactly 0 (day by day over two weeks of Complete "
        "Journey, a candidate against its champion: .02 to .05, and 47% to 61%).\n\n"
        "Champions that lose no more than the margin: the share for which an alarm is raised on any day.\n\n"
        f"{table(nulls)}\n\n"
        "Betting is on daily means, and assumes nothing of their law. The t-tests take every difference for news of "
        "its own, and every look for the only one. Where few users win much and all others lose a little, a mean is "
        "far from normal in the first days, and the watch may err a little more often than its level says.\n\n"
        f"Champions that are worse, and when the watch catches them:\n\n{table(worse)}"
    )


def _alarmed(name: str, first: dict[str, np.ndarray]) -> dict[str, object]:
    row: dict[str, object] = {"champion": name}
    return row | {way: f"{_share(first[way]):.4f}" for way in WAYS}


def _caught(name: str, watched: np.ndarray, bet: np.ndarray) -> dict[str, object]:
    row: dict[str, object] = {"champion": name}
    row |= {f"within {days} days": f"{_share(watched, days):.3f}" for days in (7, 14, 28)}
    return row | {"median day": _median(watched), "median day, betting": _median(bet)}


def _median(first: np.ndarray) -> str:
    median = float(np.median(first))
    return f"{median:.0f}" if median <= DAYS else "never"
