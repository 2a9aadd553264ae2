"""The dossier as one page that holds all it shows, from the template beside this file."""

from __future__ import annotations

from typing import Any

from pipelines.dossier.forest import lay_out
from pipelines.templates import templates_of

MISSING = "–"


def render_page(told: dict[str, Any]) -> str:
    """HTML of what `tell_dossier` gave; nothing of it is taken for markup."""
    return _TEMPLATES.get_template("dossier.html").render(**told, plots=lay_out(told["slices"]["rows"]))


def number(value: float | None, places: int = 4) -> str:
    """With a proper minus sign and thousands parted; a dash where there is none."""
    return MISSING if value is None else f"{value:,.{places}f}".replace("-", "−")


def signed(value: float | None, places: int = 4) -> str:
    return MISSING if value is None else f"{value:+,.{places}f}".replace("-", "−")


def count(value: int | None) -> str:
    return MISSING if value is None else f"{value:,}".replace("-", "−")


_TEMPLATES = templates_of("pipelines.dossier")
_TEMPLATES.filters |= {"number": number, "signed": signed, "count": count}
