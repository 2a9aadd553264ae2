"""The seed paper's three cases, as named users whose interests are known, and what sets the scenarios apart."""

from __future__ import annotations

from dataclasses import dataclass

from sources.marketplace.words import LEAVES


@dataclass(frozen=True)
class Case:
    """A named user: `interests` are leaves with their shares, `loyalty` the share of choices that go to own brands."""

    user_id: str
    says: str
    interests: tuple[tuple[str, float], ...]
    age_band: int
    gender: int
    loyalty: float

    @property
    def leaves(self) -> list[int]:
        paths = [leaf.path for leaf in LEAVES]
        return [paths.index(path) for path, _ in self.interests]


CASES: tuple[Case, ...] = (
    Case(
        "case-fashion",
        "a shopper of fashion",
        (
            ("fashion > women > dresses", 0.40),
            ("fashion > shoes > boots", 0.25),
            ("fashion > accessories > bags", 0.20),
            ("fashion > women > blouses", 0.10),
        ),
        age_band=1,
        gender=0,
        loyalty=0.3,
    ),
    Case(
        "case-reader",
        "a reader of travel, food and outdoors",
        (
            ("travel > guides > city guides", 0.35),
            ("food > cookbooks > recipes", 0.30),
            ("outdoors > hiking > backpacks", 0.20),
            ("travel > trips > weekend trips", 0.10),
        ),
        age_band=2,
        gender=1,
        loyalty=0.1,
    ),
    Case(
        "case-electronics",
        "a buyer of electronics with brands followed",
        (
            ("electronics > phones > smartphones", 0.35),
            ("electronics > audio > headphones", 0.30),
            ("electronics > computing > laptops", 0.20),
            ("electronics > computing > cameras", 0.10),
        ),
        age_band=1,
        gender=1,
        loyalty=0.8,
    ),
)

SOCIAL_SHARE = {"shop": 0.12, "social": 0.65, "marketing": 0.25}
"""The share of visits that happen on the social channel, by scenario."""

CAMPAIGN_SHARE = {"shop": 0.12, "social": 0.08, "marketing": 0.45}
"""The share of visits to an advertised leaf that the campaign brought, by scenario."""
