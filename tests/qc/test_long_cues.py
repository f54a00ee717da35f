"""Cues that somebody made to keep a rule busy."""

from __future__ import annotations

from fractions import Fraction

import pytest

from workflow.language.numbers import spoken
from workflow.language.scripts import from_old_latin, to_cyrillic, to_latin
from workflow.qc import FilmFacts, LineUp, check, repair
from workflow.qc.fixes import FIXERS
from workflow.timebase import from_ms
from workflow.tracks.cues import Cue

PIECES = ["a ", "(", "[a", "- ", "♪", "1 ", "1", ". a", "<i>", "</i> <i>", "ş", "a'", "a-", "a\n", " ", "!?",
          "Aman ", "sud ", ".”", "1 000 ", "dusunmek ", "$", "{\\an8}"]  # fmt: skip


@pytest.mark.timeout(120)  # a quadratic rule takes longer; these take a tenth of a second
@pytest.mark.parametrize("piece", PIECES)
def test_a_cue_of_thousands_of_characters_is_checked_and_mended_in_good_time(piece: str) -> None:
    text = piece * (6000 // len(piece))
    cues = [Cue("a", 0, from_ms(3000), text)]
    film = FilmFacts(Fraction(24), from_ms(100_000), (), ())
    check(LineUp(cues, film=film, source=cues))
    repair(LineUp(cues, film=film), FIXERS)
    spoken(text)
    from_old_latin(text)
    to_cyrillic(text)
    to_latin(text)
