"""The counting table that the browser is tested against too (web/islands/shared/count.test.ts)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.qc.rule import counted
from workflow.tracks.text import count_characters

TABLE = json.loads((Path(__file__).parents[1] / "shared" / "counting.json").read_text("utf-8"))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["what"])
def test_characters_are_counted_as_the_browser_counts_them(row: dict[str, str | int]) -> None:
    assert count_characters(str(row["text"])) == row["count"]
    assert counted(str(row["text"])) == row["count"]


@given(st.text() | st.text(alphabet="aşň ä{}\\an8<i>/\n\u0301\u00ad\u200b–…♪Җ"))
def test_the_quick_count_is_the_count(text: str) -> None:
    assert counted(text) == count_characters(text)
