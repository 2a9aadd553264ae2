"""Proof that a promotion or rollback happened: a fresh process is asked, and answers as that version does."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines import registry
from pipelines.context import Context
from pipelines.errors import TidegraphError
from pipelines.serving.answering import ask_in_fresh_process
from pipelines.serving.canned import find_difference, find_unsound, read_answers
from pipelines.wording import counted


@dataclass(frozen=True)
class Proof:
    """`failure` is what went wrong, None where nothing did; `told` says what was asked and compared."""

    told: str
    failure: str | None = None


def prove(context: Context, version: str) -> Proof:
    """Whether `version` is what answers, and with its canned answers where it has some."""
    try:
        expected = read_answers(registry.model_folder(context, version))
        users = None if expected is None else list(dict.fromkeys(expected["user_id"]))
        reply = ask_in_fresh_process(context.settings, users=users)
    except (TidegraphError, ValueError) as error:
        return Proof("", str(error).splitlines()[0])
    if reply.version != version:
        return Proof("", f"version {reply.version} answers, not version {version}")
    asked = counted(reply.answers["user_id"].nunique(), "user")
    if expected is None:
        told = f"version {version} answers {asked}; it has no canned answers to compare with, being of before them"
        return Proof(told, find_unsound(reply.answers))
    difference = find_unsound(reply.answers) or find_difference(expected, reply.answers)
    return Proof(
        f"version {version} answers {asked} as it did when it was registered",
        f"version {version} does not answer as it did when it was registered: {difference}" if difference else None,
    )
