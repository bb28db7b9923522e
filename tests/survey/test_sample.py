"""Thirty families come in as anybody's networks do: right, or refused in words; never wrong and never a raw error."""

import pytest

from tests.survey.families import MEMBERS, SAMPLE, families
from tests.survey.member import survey


@pytest.mark.parametrize("family", SAMPLE)
def test_a_family_is_right(family: str) -> None:
    row = survey(f"timm/{family}")
    assert row["verdict"] == "right", row["words"]


def test_every_family_has_a_member() -> None:
    known = families()
    assert len(known) >= 98
    assert all(MEMBERS[family] in known[family] for family in MEMBERS if family in known)
