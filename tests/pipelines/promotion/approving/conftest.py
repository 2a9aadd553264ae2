"""A shop whose update was judged, for each test its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from pipelines.context import Context
from pipelines.jobs import update_job
from pipelines.runner import perform
from tests.drop import UNTIL, copy_home
from tests.pipelines.promotion.approving.shops import (
    JUDGED,
    RULES,
    Shop,
    with_params,
)


@pytest.fixture(scope="module")
def judged(bootstrapped: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A shop whose update of UNTIL is judged by the rules of that name, once for all tests; a person is asked."""

    @cache
    def make(name: str) -> Path:
        folder = tmp_path_factory.mktemp(name) / "shop"
        context = with_params(copy_home(bootstrapped, folder), rules=RULES[name])
        perform(JUDGED, update_job(UNTIL, context), context)
        return folder

    return make


@pytest.fixture
def shop(judged: Callable[[str], Path], tmp_path: Path) -> Shop:
    """A judged shop of the test's own; with changes of the gate's params it has to be judged anew."""

    def make(name: str, **changes: object) -> Context:
        variables = copy_home(judged(name), tmp_path / "shop")
        return with_params(variables, rules=RULES[name], **changes)

    return make
