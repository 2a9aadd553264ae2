"""The source that params.yaml or a mapping names, and its faults as errors that say how to mend them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.context import Context
from pipelines.errors import SourceError
from sources.catalogue import open_connector
from sources.connector import Connector, Place, SourceFault


def open_source(context: Context) -> Connector:
    """The connector of these settings; SourceError where there is none such."""
    with source_faults():
        calendar = context.calendar
        place = Place(context.settings.drop, context.path("sources"), calendar.origin, calendar.length)
        return open_connector(context.params.collect.connector, place, context.settings.mapping)


@contextmanager
def source_faults() -> Iterator[None]:
    """Raise a fault of a source as SourceError."""
    try:
        yield
    except SourceFault as fault:
        raise SourceError(fault.what, where=fault.where, mend=fault.mend) from fault
