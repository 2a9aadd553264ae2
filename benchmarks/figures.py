"""Where a benchmark's figures go: JSON below TIDEGRAPH_HOME, and its own section of docs/benchmarks.md."""

from __future__ import annotations

import re

from pipelines.files import write_json, write_text
from pipelines.settings import ROOT, read_settings

PAGE = ROOT / "docs" / "benchmarks.md"


def publish(name: str, text: str, figures: dict[str, float]) -> None:
    """Write `var/benchmarks/NAME.json`, and put `text` between the section's markers."""
    write_json(read_settings().home / "benchmarks" / f"{name}.json", figures)
    write_text(PAGE, renew(PAGE.read_text(encoding="utf-8"), name, text))


def renew(page: str, name: str, text: str) -> str:
    """`page` with the section of `name` replaced, or appended where there is none."""
    section = f"<!-- {name} -->\n{text.strip()}\n<!-- /{name} -->"
    pattern = re.compile(f"<!-- {name} -->.*?<!-- /{name} -->", re.DOTALL)
    if pattern.search(page):
        return pattern.sub(lambda _: section, page)
    return f"{page.rstrip()}\n\n{section}\n"


def table(rows: list[dict[str, object]]) -> str:
    """Rows as a Markdown table; floats with four digits."""
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
