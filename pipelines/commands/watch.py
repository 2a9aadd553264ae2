"""`tidegraph watch`: what the published lists scored, and what follows from it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipelines import console
from pipelines.context import Context, read_context
from pipelines.errors import TidegraphError
from pipelines.watching.wording import tell_look


def watch(
    day: Annotated[
        str | None,
        typer.Option("--day", help="A day (UTC) that is over; default: each day not looked at on which the newest"
                     " lists serve."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="With --day: the last of several days, itself included.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Grade and judge, but roll back nothing and tell MLflow nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:  # fmt: skip
    """Grade the lists that served by what users bought, measure drift, and roll back a champion proven worse."""
    with console.voice() as say:
        context = read_context(say)
        days, told = _days(day, until, context), set[str]()
        looks = [found for each in days if (found := _look(each, context, told, dry_run=dry_run, tell=not as_json))]
    if as_json:
        console.print_json({"days": looks})
    elif not days:
        console.print_line(_nothing_to_look_at(context))
    if len(looks) < len(days):
        raise typer.Exit(1)


def _look(day: str, context: Context, told: set[str], *, dry_run: bool, tell: bool) -> dict[str, Any] | None:
    """Told as soon as it is done; a day that cannot be looked at is complained of, and the others go on. What was
    `told` of an earlier day is not told at length again."""
    from pipelines.watching.looking import look

    try:
        found = look(day, context, dry_run=dry_run)
    except TidegraphError as error:
        if str(error) in told:
            context.say(f"{day}: as above: {error.what}")
        else:
            context.say(f"{day} cannot be looked at:")
            console.complain(error)
        told.add(str(error))
        return None
    for line in tell_look(found) if tell else ():
        console.print_line(line)
    return found


def _days(day: str | None, until: str | None, context: Context) -> list[str]:
    from pipelines.watching.days import day_that_is_over, days_between

    if day is None:
        if until is not None:
            raise typer.BadParameter("name the first day with --day", param_hint="--until")
        from pipelines.watching.looking import days_to_look_at  # here: it brings torch along

        return days_to_look_at(context)
    first = day_that_is_over(day)
    last = first if until is None else day_that_is_over(until, where="--until")
    if last.end <= first.start:
        raise typer.BadParameter(f"{until} is before {day}", param_hint="--until")
    return [each.name for each in days_between(first.start, last.end)]


def _nothing_to_look_at(context: Context) -> str:
    from pipelines.serving.publishing import newest_published

    if newest_published(context) is None:
        return "no lists were published yet, so that there is nothing to look at: a promotion publishes them"
    return "no day is over that was not looked at; name one to look at with --day"
