"""A stream that cannot be read: what is told, and never the password."""

from __future__ import annotations

from pathlib import Path

import pytest

from sources.connector import SourceFault
from tests.sources.stream.consuming import receive, source, window


def test_a_spool_that_was_never_filled_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_BROKER", "redis://127.0.0.1:9/0")
    with pytest.raises(SourceFault, match="no message") as caught:
        window(source(tmp_path), 0)
    assert "tidegraph stream listen" in caught.value.mend


@pytest.mark.parametrize(
    ("kind", "url"),
    [("redis", "redis://:s3cr3t@127.0.0.1:9/0"), ("rabbit", "amqp://shop:s3cr3t@127.0.0.1:9/"), ("redis", "s3cr3t")],
)
def test_a_broker_that_is_away_is_told_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, url: str
) -> None:
    monkeypatch.setenv("SHOP_BROKER", url)
    source(tmp_path, kind)
    with pytest.raises(SourceFault) as caught:
        receive(tmp_path, 1)
    assert "s3cr3t" not in str(caught.value) + caught.value.mend
    assert "SHOP_BROKER" in caught.value.mend


def test_an_unset_variable_and_an_unknown_broker_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_BROKER", raising=False)
    source(tmp_path)
    with pytest.raises(SourceFault, match="SHOP_BROKER"):
        receive(tmp_path, 1)
    with pytest.raises(SourceFault, match="broker"):
        source(tmp_path, "pigeon")
