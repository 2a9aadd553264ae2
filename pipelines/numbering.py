"""A rebuilt graph has to number nodes as the champion's graph does, or the champion would speak of other users."""

from __future__ import annotations

from features.graph import InterestGraph
from features.numbering import moved_row
from pipelines import registry
from pipelines.context import Context
from pipelines.errors import ContractError
from pipelines.graph_files import read_graph

RESTORE = "restore the graphs of the windows before from a backup, so that this window is folded into them"


def check_numbering(graph: InterestGraph, context: Context, *, mend: str = RESTORE) -> None:
    """ContractError where `graph` gives a row that the champion's graph has to another node.

    That happens when a graph is built from scratch after an erasure was folded: the erased are then as if never there,
    and whoever came after them moves up.
    """
    champion = registry.champion(context)
    if champion is None:
        return
    moved = moved_row(read_graph(registry.model_folder(context, champion.version) / "graph"), graph)
    if moved is not None:
        raise ContractError(
            f"the rebuilt graph numbers nodes otherwise than the one that version {champion.version} learned on:"
            f" {moved[0]} row {moved[1]} is another",
            where=str(context.path("graphs")),
            mend=f"{mend}; nothing was written, the champion keeps serving",
        )
