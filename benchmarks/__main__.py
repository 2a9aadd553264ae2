"""`python -m benchmarks NAME`: run a benchmark, print its table, store its figures and renew docs/benchmarks.md."""

from __future__ import annotations

import importlib
import sys

from benchmarks.figures import publish
from pipelines import console
from pipelines.errors import ParamsError, TidegraphError

NAMES = (
    "update",
    "margin",
    "gate",
    "simulate",
    "ingest",
    "graph",
    "structure",
    "step",
    "cora",
    "tune",
    "model",
    "gowalla",
    "forgetting",
    "variants",
    "watch",
)
CHOOSING = ("tune", "model")
"""Those that may be told which contests they are for."""


def main(arguments: list[str]) -> None:
    name = arguments[0] if arguments else ""
    if name not in NAMES:
        raise ParamsError(
            f"there is no benchmark {name!r}", where="benchmarks", mend=f"name one of: {', '.join(NAMES)}"
        )
    if arguments[1:] and name not in CHOOSING:
        raise ParamsError(f"{name} takes nothing more", where=" ".join(arguments[1:]), mend=f"say `{name}` alone")
    text, figures = importlib.import_module(f"benchmarks.{name}").run(*arguments[1:])
    publish(name, text, figures)
    print(text)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except TidegraphError as error:
        console.complain(error)
        sys.exit(error.exit_code)
