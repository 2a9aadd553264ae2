"""Commands as they are typed."""

from __future__ import annotations

import typer
from typer.testing import CliRunner


def typed(app: typer.Typer, *words: str) -> str:
    """What the command prints. What the command line would tell as an error is raised; any other failure fails."""
    done = CliRunner().invoke(app, list(words))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout
