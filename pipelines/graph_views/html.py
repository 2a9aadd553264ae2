"""Pages that hold all they show, written from the templates beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.files import write_text
from pipelines.templates import templates_of

_TEMPLATES = templates_of("pipelines.graph_views")


def write_page(path: Path, template: str, **content: Any) -> Path:
    return write_text(path, _TEMPLATES.get_template(template).render(content))
