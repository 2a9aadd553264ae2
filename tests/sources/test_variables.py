"""A secret where its variable's name belongs is refused, and not shown."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from sources.connector import SourceFault
from sources.mapping.spec import options_as
from sources.variables import VariableName


class Options(BaseModel):
    url_env: VariableName


@pytest.mark.parametrize("secret", ["postgresql://me:hunter2@host/db", "hunter2!", "", "2hunter2"])
def test_what_is_no_name_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(SourceFault, match="url_env: write the name of an environment variable") as caught:
        options_as(Options, {"url_env": secret}, "shop.yaml")
    assert "hunter2" not in f"{caught.value.what} {caught.value.where} {caught.value.mend}"


def test_a_name_is_taken() -> None:
    assert options_as(Options, {"url_env": "SHOP_URL_2"}, "shop.yaml").url_env == "SHOP_URL_2"
