"""Which requests to forget users a graph has carried out; one that was carried out is not taken back by accident."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipelines.context import Context
from pipelines.errors import StoreError
from pipelines.files import digest_json
from pipelines.graphs.erasures import Erasure, read_erasures
from pipelines.graphs.files import read_manifest


def carried_out(erasures: list[Erasure]) -> dict[str, Any]:
    """For a graph's manifest: how many requests it has carried out, and a digest that tells which."""
    return {"erasures": len(erasures), "erasures_digest": digest_json([asdict(each) for each in erasures])}


def asked_since(folder: Path, context: Context) -> set[str]:
    """Ids of users who asked to be forgotten since the graph in `folder` was made, and whom it may still hold."""
    carried = read_manifest(folder)["about"].get("erasures", 0)
    return {each.user_id for each in read_erasures(context)[carried:]}


def check_requests(context: Context) -> None:
    """StoreError where a graph at rest has carried out requests that are not there any more."""
    asked = read_erasures(context)
    for folder in sorted(context.path("graphs").glob("*/end"), reverse=True):
        try:
            about = read_manifest(folder)["about"]
        except StoreError:
            continue
        count = about.get("erasures", 0)
        if count and about.get("erasures_digest") != carried_out(asked[:count])["erasures_digest"]:
            raise StoreError(
                f"requests to forget users are missing: the graph of {folder.parent.name} has carried out {count},"
                f" and these are not the first {count} of the {len(asked)} there are, in the order they were made",
                where=str(context.path("erasures.json")),
                mend="restore the file from a backup, with new requests at its end, or the users come back. To bring"
                f" one back on purpose, remove {folder.parent} as well: it is rebuilt from the snapshots",
            )
