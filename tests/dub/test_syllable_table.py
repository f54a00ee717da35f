"""The syllable table that the studio is tested against too (web/islands/studio/syllables.test.ts)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workflow.dub.script import spoken_text, syllables

TABLE = json.loads((Path(__file__).parents[1] / "shared" / "syllables.json").read_text("utf-8"))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["what"])
def test_syllables_are_counted_as_the_studio_counts_them(row: dict[str, str | int]) -> None:
    assert syllables(spoken_text(str(row["text"]))) == row["syllables"]
