"""A window that was not collected yet: what the source has of it, held against the contract as collecting it would."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from expectations.events import Before, Limits, check_events
from features.schema import EVENTS, FAULT
from pipelines.context import Context
from pipelines.errors import ContractError
from pipelines.mapping.connecting import open_source, source_faults
from pipelines.snapshots.accepted import catalogue_before, earliest_of, events_before
from pipelines.windows import Window


def accepted_so_far(window: Window, until: datetime, context: Context) -> pd.DataFrame:
    """The events before `until` that the contract accepts; nothing is written, and collecting it later sees them anew.

    Raises SourceError where the source cannot be read, ContractError where the events break a promise of the batch.
    """
    with source_faults():
        tables = open_source(context).collect(window.start, until, window.name)
    events = tables.events[~(tables.events["occurred_at"] >= until)].reset_index(drop=True)
    if not len(events):
        return events.drop(columns=FAULT).astype(EVENTS)
    catalogue = catalogue_before(window, context) | set(tables.items["item_id"].dropna())
    limits = context.params.validate_
    check = check_events(
        events,
        start=window.start,
        end=until,
        earliest=earliest_of(window, context),
        before=Before(catalogue, events_before(window, context)),
        limits=Limits(limits.max_refused, limits.outlier_quantile, limits.max_moments_a_minute),
    )
    if not check.passed:
        raise ContractError(
            f"what came of window {window.name} up to {until:%Y-%m-%d} breaks its contract: {'; '.join(check.reasons)}",
            where="the source, read by the watch",
            mend="mend the source, then run the same command again; what serves keeps serving",
        )
    return events.drop(index=check.refused.index, columns=FAULT).reset_index(drop=True)
