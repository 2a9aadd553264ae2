"""The rollbacks that the watch made by itself, as the ledger has them: what was cut off after its entry counts too."""

from __future__ import annotations

from pipelines import registry
from pipelines.context import Context
from pipelines.ledger.entries import Entry

ACTOR = "watch"
"""Who the ledger says rolled back."""
_BEGINS = "the watch of "


def reason_of(day: str, why: str) -> str:
    """What the ledger keeps as reason; it names the day."""
    return f"{_BEGINS}{day}: {why}"


def own_rollbacks(context: Context) -> dict[str, Entry]:
    """By the day whose look proved the regression, the oldest first."""
    found = [each for each in registry.entries(context) if each.kind == "rollback" and each.actor == ACTOR]
    return {day_of(each): each for each in found if each.reason.startswith(_BEGINS)}


def day_of(entry: Entry) -> str:
    return entry.reason.removeprefix(_BEGINS).partition(":")[0]
