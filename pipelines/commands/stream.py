"""`tidegraph stream`: what comes in beside the updates: a broker's messages, and a shop's product pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import console
from pipelines.context import Context, read_context
from pipelines.errors import SourceError
from pipelines.wording import counted
from sources.connector import Place, SourceFault
from sources.mapping.spec import Mapping, read_mapping

app = typer.Typer(
    help="Receive what comes beside the updates: a broker's messages, a shop's pages.", no_args_is_help=True
)
MappingArgument = Annotated[Path, typer.Argument(help="The mapping file with `connector: stream`.")]


@app.command(epilog="Example: `tidegraph stream listen shop.yaml`")
def listen(
    mapping: MappingArgument,
    idle: Annotated[
        float | None, typer.Option("--idle", min=0.1, help="Stop when nothing has come for so many seconds.")
    ] = None,
    count: Annotated[int | None, typer.Option("--count", min=1, help="Stop after so many messages.")] = None,
) -> None:
    """Keep every message on disk and acknowledge it, until Ctrl-C; any number may run at once on this machine."""
    from sources.stream.listener import listen as consume

    with console.voice() as say:
        try:
            kept = consume(_mapping(mapping, "stream"), _place(read_context(say)), say=say, idle=idle, enough=count)
        except SourceFault as fault:
            raise _told(fault) from fault
    print(f"kept {counted(kept, 'new message')}")


@app.command(epilog="Example: `tidegraph stream status shop.yaml`")
def status(mapping: MappingArgument) -> None:
    """Tell how many messages each topic has brought, and when the last one came."""
    from sources.stream.options import spool_of

    try:
        counts = spool_of(_mapping(mapping, "stream"), _place(read_context())).counts()
    except SourceFault as fault:
        raise _told(fault) from fault
    for topic, count, last in counts:
        print(f"{topic}: {counted(count, 'message')}, the last at {last:%Y-%m-%d %H:%M:%S} UTC")
    if not counts:
        print("no message has come yet")


@app.command(epilog="Example: `tidegraph stream crawl catalogue.yaml`")
def crawl(mapping: Annotated[Path, typer.Argument(help="The mapping with `connector: catalogue_crawler`.")]) -> None:
    """Read a shop's product pages now; what is new or changed counts as arrived now."""
    from sources.catalogue_crawler.crawl import crawl as read_pages

    try:
        done = read_pages(_mapping(mapping, "catalogue_crawler"), _place(read_context()))
    except SourceFault as fault:
        raise _told(fault) from fault
    print(f"{done.pages:,} pages, {done.products:,} products, {done.changed:,} of them new or changed")
    if not done.complete:
        print("the shop has more pages: run the same command again to go on from here")


def _mapping(path: Path, connector: str) -> Mapping:
    """The mapping, if it is for `connector`. Raises SourceFault."""
    mapping = read_mapping(path.resolve())
    if mapping.connector != connector:
        raise SourceFault(
            f"the mapping is for the connector {mapping.connector}, and this command for {connector}",
            where=str(path),
            mend=f"name a mapping with `connector: {connector}`",
        )
    return mapping


def _place(context: Context) -> Place:
    calendar = context.calendar
    return Place(context.settings.drop, context.path("sources"), calendar.origin, calendar.length)


def _told(fault: SourceFault) -> SourceError:
    return SourceError(fault.what, where=fault.where, mend=fault.mend)
