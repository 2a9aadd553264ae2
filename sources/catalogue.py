"""Which connectors there are: by the name in params.yaml, or by the mapping file that describes one."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from sources.complete_journey import CompleteJourney
from sources.connector import Connector, Place, SourceFault
from sources.files import DropFolder
from sources.mapping.spec import read_mapping

MAPPED = {
    "files": "sources.mapped_files:MappedFiles",
    "sql": "sources.sql.connector:SqlSource",
    "http_api": "sources.http_api.connector:HttpApi",
    "catalogue_crawler": "sources.catalogue_crawler.connector:CatalogueCrawler",
    "stream": "sources.stream.connector:StreamSource",
    "marketplace": "sources.marketplace.connector:Marketplace",
}
"""Connectors that a mapping's `connector` may name; each is imported only when it is asked for."""


def open_connector(name: str, place: Place, mapping: Path | None = None) -> Connector:
    """The connector that `mapping` describes, or without one the connector called `name`. Raises SourceFault."""
    if mapping is not None:
        described = read_mapping(mapping)
        module, maker = _known(described.connector, MAPPED, f"{mapping}, connector").split(":")
        connector: Connector = getattr(import_module(module), maker)(described, place)
        return connector
    if name == CompleteJourney.name:
        return CompleteJourney(place.first_start)
    if name == DropFolder.name:
        return DropFolder(place.first_start, place.drop)
    raise SourceFault(
        f"unknown connector {name!r}",
        where="collect.connector in params.yaml",
        mend=f"use {CompleteJourney.name} or {DropFolder.name}, or point TIDEGRAPH_MAPPING at a mapping file",
    )


def _known(name: str, among: dict[str, str], where: str) -> str:
    if name not in among:
        raise SourceFault(f"unknown connector {name!r}", where=where, mend=f"use one of: {', '.join(among)}")
    return among[name]
