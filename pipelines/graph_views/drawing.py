"""Figures as files and as parts of a page, in the letters of whatever language names are in."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.font_manager import get_font_names

_LETTERS = (
    "DejaVu Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans", "PingFang SC", "Hiragino Sans",
    "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "WenQuanYi Zen Hei", "Arial Unicode MS",
)  # fmt: skip
"""Fonts that hold most scripts between them; those that are installed are tried in this order, letter by letter."""


@contextmanager
def lettering() -> Iterator[None]:
    """Within the block figures are made and written with all letters that this machine has, and so that the same
    figure gives the same bytes."""
    installed = set(get_font_names())
    families = [name for name in _LETTERS if name in installed]
    settings: dict[Any, Any] = {"font.family": families, "svg.fonttype": "none", "svg.hashsalt": "tidegraph"}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # it is drawn as an empty box
        yield


def png(figure: Figure) -> bytes:
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    return drawn.getvalue()


def embedded(figure: Figure) -> str:
    """The figure for an `img` of a page: as SVG, whose words the browser writes."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()
