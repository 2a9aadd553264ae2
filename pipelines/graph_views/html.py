"""Pages that hold all they show, written from the templates beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipelines.files import write_text

_TEMPLATES = Environment(
    loader=PackageLoader("pipelines.graph_views"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_page(path: Path, template: str, **content: Any) -> Path:
    return write_text(path, _TEMPLATES.get_template(template).render(content))
