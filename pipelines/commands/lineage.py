"""`tidegraph lineage`: what a version came from, what came of some data; `tidegraph reproduce`: doing it again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from pipelines import console
from pipelines.context import Context, read_context
from pipelines.errors import ParamsError

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Words = Callable[[Any], Iterable[str]]


def lineage(
    model: Annotated[str | None, typer.Option("--model", help="A registered version: what it came from.")] = None,
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", help="A window, or a tag such as snapshot/2017-10-08.r2: who saw it.")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="A user's id: which versions saw them.")] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="A file of the drop folder, or its SHA-256: who saw it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what a version came from, or which versions saw a snapshot, a user or a file."""
    asked = {"--model": model, "--snapshot": snapshot, "--user": user, "--source": source}
    given = {name: value for name, value in asked.items() if value is not None}
    if len(given) != 1:
        were = f"{' and '.join(given)} were" if given else "none was"
        raise ParamsError(
            f"lineage answers one question at a time, and {were} asked",
            where="tidegraph lineage",
            mend=f"give exactly one of {', '.join(asked)}",
        )
    ((name, value),) = given.items()
    told, in_words = _ANSWERS[name](value, read_context())
    if as_json:
        console.print_json(told)
        return
    for line in in_words(told):
        console.print_line(line)


def reproduce(
    version: Annotated[str, typer.Argument(help="A registered version, such as 4.")],
    into: Annotated[
        Path | None, typer.Option("--into", help="An empty folder for it, which stays; default: one that is removed.")
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Learn its base versions anew as well, from the full fit on.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Rebuild a past version from its lineage in an empty folder, and compare; exit code 1 where it differs."""
    from pipelines.reproducing.reproduce import reproduce
    from pipelines.reproducing.wording import in_words, tabulate

    with console.voice() as say, _folder(into) as folder:
        done = reproduce(version, folder, read_context(say), from_scratch=from_scratch)
    if as_json:
        console.print_json(done.to_dict())
    else:
        console.print_table(tabulate(done))
        for line in in_words(done):
            console.print_line(line)
    if not done.same:
        raise typer.Exit(1)


@contextmanager
def _folder(into: Path | None) -> Iterator[Path]:
    if into is not None:
        yield into
        return
    with TemporaryDirectory(prefix="tidegraph-reproduce-") as folder:
        yield Path(folder)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `app`."""
    app.command(epilog="Example: `tidegraph reproduce 4 --into rebuilt`")(reproduce)
    app.command(epilog="Examples: `tidegraph lineage --model 4`, `tidegraph lineage --snapshot 2017-10-08 --json`")(
        lineage
    )


def _of_model(version: str, context: Context) -> tuple[Any, Words]:
    from pipelines.lineage.known import read_known
    from pipelines.lineage.of_model import trace_model
    from pipelines.lineage.wording import model_in_words

    return trace_model(version, read_known(context)), model_in_words


def _of_snapshot(asked: str, context: Context) -> tuple[Any, Words]:
    from pipelines.lineage.known import read_known
    from pipelines.lineage.of_snapshot import trace_snapshot
    from pipelines.lineage.wording import snapshot_in_words
    from pipelines.snapshots.data_registry import open_data_registry

    return trace_snapshot(asked, read_known(context), open_data_registry(context).tags()), snapshot_in_words


def _of_user(user: str, context: Context) -> tuple[Any, Words]:
    from pipelines.lineage.known import read_known
    from pipelines.lineage.of_user import trace_user
    from pipelines.lineage.wording import user_in_words

    return trace_user(user, read_known(context), context), user_in_words


def _of_source(asked: str, context: Context) -> tuple[Any, Words]:
    from pipelines.files import read_json
    from pipelines.lineage.known import read_known
    from pipelines.lineage.of_source import trace_source
    from pipelines.lineage.wording import source_in_words

    landings = [read_json(path) for path in sorted(context.path("landing").glob("*/manifest.json"))]
    return trace_source(asked, read_known(context), landings, context.settings.drop), source_in_words


_ANSWERS: dict[str, Callable[[str, Context], tuple[Any, Words]]] = {
    "--model": _of_model,
    "--snapshot": _of_snapshot,
    "--user": _of_user,
    "--source": _of_source,
}
