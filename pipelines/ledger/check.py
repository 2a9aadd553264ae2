"""Whether the ledger is as it was written, by its chain and by the head that MLflow noted."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines import aliases, registry
from pipelines.context import Context
from pipelines.ledger.entries import first_broken
from pipelines.tracking import open_client


@dataclass(frozen=True)
class LedgerCheck:
    """Whether all `entries` are as they were written; if not, which is the first that is not, and what is wrong."""

    holds: bool
    entries: int
    broken_at: int | None = None
    reason: str | None = None


def check_ledger(context: Context) -> LedgerCheck:
    """Whether the ledger's chain holds, and ends no sooner than at the entry that MLflow noted as its newest."""
    with registry.mlflow_answers(context):
        model = aliases.find_model(open_client(context))
    known = registry.entries(context)  # after the head, as in registry.sync_aliases
    broken = first_broken(known)
    if broken is not None:
        return LedgerCheck(False, len(known), broken, f"entry {broken} is not as it was written")
    missing = aliases.missing_entry(model, known)
    if missing is not None:
        return LedgerCheck(False, len(known), missing, f"entry {missing} is missing, or another one: MLflow noted it")
    return LedgerCheck(True, len(known))
