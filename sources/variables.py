"""Names of environment variables, which are all that a mapping may say of a secret."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator


def _is_name(given: str) -> str:
    # the text itself is not shown: it may be the secret, put where its variable's name belongs
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", given):
        raise ValueError("write the name of an environment variable, such as SHOP_URL; what it holds stays out of here")
    return given


VariableName = Annotated[str, AfterValidator(_is_name)]
