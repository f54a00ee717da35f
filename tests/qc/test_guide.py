"""The guide says what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from workflow.qc import PROFILES, RULES, Profile
from workflow.qc.fixes import FIXERS

GUIDE = (Path(__file__).parents[2] / "docs" / "guide" / "rules.md").read_text("utf-8")
ROWS = {
    cells[1].strip(): [cell.strip() for cell in cells[2:-1]]
    for line in GUIDE.splitlines()
    if (cells := re.split(r"\|", line)) and len(cells) > 8 and re.match(r" [TLXM]\d\d ", cells[1])
}


def test_every_rule_has_a_row_and_every_row_a_rule() -> None:
    assert set(ROWS) == set(RULES)


def test_a_row_says_whether_there_is_a_mend() -> None:
    mended = {rule for rule, cells in ROWS.items() if cells[-1] != "–"}
    assert mended == set(FIXERS) | {"T16"}


def test_a_row_says_which_profiles_leave_the_rule_out() -> None:
    numbers = {"T03": "hard_cps", "T04": "wpm", "T05": "min_gap_frames"}
    for rule, cells in ROWS.items():
        said = {
            name for name, cell in zip(("training-film", "kids", "netflix-general", "bbc"), cells[1:5], strict=True)
            if cell == "–"
        }  # fmt: skip
        left_out = {
            name
            for name, profile in PROFILES.items()
            if not profile.judges(rule)
            or (rule in numbers and getattr(profile, numbers[rule]) is None)
        }
        assert said == left_out, rule


def test_every_field_of_a_profile_is_explained() -> None:
    own = GUIDE.partition("## A profile of your own")[2]
    assert all(f"`{field.name}`" in own or f'"{field.name}"' in own for field in fields(Profile))
