"""What `tidegraph reproduce` tells: a small table, what explains a difference, and the end of it."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from pipelines.reproducing.comparing import TOLERANCE, Number, Pair
from pipelines.reproducing.reproduce import Reproduction
from pipelines.wording import counted

_SHORT = 12
_FAMILIES = ("candidate", "champion", "last_full", "slice", "model", "gate")


def tabulate(done: Reproduction) -> Table:
    """Graph, weights and verdict a row each, and a row for each family of numbers."""
    table = Table("", "then", "now", "same", title=f"version {done.version}, rebuilt")
    for name, pair in (("graph at the cut", done.graph_at_cut), ("graph at the end", done.graph_at_end)):
        table.add_row(name, *_pair(pair))
    apart = "" if done.state.same or done.apart is None else f", at most {done.apart:.1e} apart"
    then, now, same = _pair(done.state)
    table.add_row("weights", then, now, same + apart)
    table.add_row("verdict", *_pair(done.verdict))
    for family, numbers in _by_family(done.numbers).items():
        shown = _ndcg(family, numbers)
        worst = max(numbers, key=lambda each: each.difference)
        same = "yes" if all(each.same for each in numbers) else f"NO, {worst.difference:.1e}: {worst.name}"
        label = f"{family}, {counted(len(numbers), 'number')}" + (f" (NDCG@{_cutoff(shown)})" if shown else "")
        values = (f"{shown.then:.6f}", f"{shown.now:.6f}") if shown else ("", "")
        table.add_row(label, *values, same)
    return table


def in_words(done: Reproduction) -> Iterator[str]:
    """What follows the table."""
    for note in done.notes:
        yield f"note: {note}"
    if done.only_one:
        yield f"not in both: {', '.join(done.only_one[:8])}{' …' if len(done.only_one) > 8 else ''}"
    learned = " → ".join(done.line)
    yield f"learned anew: version {learned}" if len(done.line) == 1 else f"learned anew: versions {learned}"
    if done.same:
        yield f"reproduced: the same graph, and {counted(len(done.numbers), 'number')} equal to {TOLERANCE:g}"
    else:
        differ = sum(not each.same for each in done.numbers)
        graph = "the same graph" if done.graph_at_cut.same and done.graph_at_end.same else "ANOTHER graph"
        of = counted(len(done.numbers), "number")
        alone = f"; {counted(len(done.only_one), 'number')} of one side alone" if done.only_one else ""
        yield f"NOT reproduced: {graph}; of {of}, {differ} differ by more than {TOLERANCE:g}{alone}"


def _ndcg(family: str, numbers: list[Number]) -> Number | None:
    """NDCG of the whole list, where the family has it."""
    found = [each for each in numbers if each.name.startswith(f"{family}/all/ndcg_at_")]
    return max(found, key=_cutoff, default=None)


def _cutoff(number: Number) -> int:
    return int(number.name.rpartition("_")[2])


def _pair(pair: Pair) -> tuple[str, str, str]:
    then, now = ("–" if each is None else each[:_SHORT] for each in (pair.then, pair.now))
    return then, now, "yes" if pair.same else "NO"


def _by_family(numbers: tuple[Number, ...]) -> dict[str, list[Number]]:
    """The candidate's first, baselines after those that are known beforehand."""
    found: dict[str, list[Number]] = {}
    for each in sorted(numbers, key=_place):
        found.setdefault(each.name.partition("/")[0], []).append(each)
    return found


def _place(number: Number) -> tuple[int, str]:
    family = number.name.partition("/")[0]
    return (_FAMILIES.index(family) if family in _FAMILIES else len(_FAMILIES)), number.name
