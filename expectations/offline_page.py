"""Great Expectations' page of a validation, without what it loads from the internet: it opens the same anywhere."""

from __future__ import annotations

import re
from html import escape

_CONTENT = re.compile(r'<div class="container-fluid pt-4.*?(?=<footer>|</body>)', re.DOTALL)
_LEFT_OUT = (
    re.compile(r"<script\b.*?</script>", re.DOTALL),  # the page's filter needs jQuery from elsewhere
    re.compile(r'<div class="card mb-3">.*?(?=<div class="card d-md-block)', re.DOTALL),  # the filter's buttons
    re.compile(r'<span class="mb-0 mt-1" >.*?</span>\s*</div>', re.DOTALL),  # its status counts warnings as failures
)
_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:0 auto;max-width:76rem;padding:1rem 2rem;color:#1d2733}
h1{font-size:1.4rem}h4,h5,h6{margin:1.2rem 0 .4rem;font-size:1.05rem}ul{list-style:none;padding:0;columns:6 9rem}
table{border-collapse:collapse;margin:.3rem 0 .8rem;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .6rem}
td{border-top:1px solid #dfe4ea;overflow-wrap:anywhere}.fas{font-style:normal}a{color:#0b5cad;text-decoration:none}
.fa-check-circle:before{content:"\\2713";color:#1a7f37}.fa-times:before,.fa-exclamation-triangle:before{content:"\\2717";
color:#b00020;font-weight:bold}.lead{color:#5a6673}.stopped{color:#b00020}.passed{color:#1a7f37}
"""


def make_offline(page: str, *, title: str, passed: bool) -> str:
    """The content of `page` under a heading with `title` and our verdict; its style is inside, no link leads out."""
    found = _CONTENT.search(page)
    if found is None:
        raise ValueError("Great Expectations' page has no content where it is expected: its template has changed")
    content = found[0]
    for part in _LEFT_OUT:
        content = part.sub("", content)
    verdict = "passed" if passed else "stopped"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title><style>{_STYLE}</style>"
        '<p><a href="../index.html">All validations</a></p>'
        f"<h1>{escape(title)}: <span class={verdict}>{verdict}</span></h1>"
        "<p>A row that breaks a promise of its own is quarantined; a warning stops nothing; "
        f"a broken critical promise of the batch stops the run.</p>\n{content}</html>\n"
    )
