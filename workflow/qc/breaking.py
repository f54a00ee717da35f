"""Where the text of a cue breaks into lines."""

from __future__ import annotations

import re
from functools import lru_cache

from workflow.language.linebreak import best_break
from workflow.qc.rule import LineUp, counted
from workflow.tracks.text import plain

SPEAKER = re.compile(r"^\s*[-–—]")
"""A line that begins with a dash is a speaker's."""


def rebroken(track: LineUp, index: int) -> str | None:
    """The text of a cue broken anew into at most two lines, markup kept; None where it cannot be.

    One line if it fits; else the break where the language likes it best: after a mark, before a word
    that opens a phrase, never before one that belongs to the word above it, both lines about as long,
    the upper one shorter. A dialogue of two speakers keeps its lines.
    """
    if sum(bool(SPEAKER.match(line)) for line in track.lines[index]) > 1:
        return None
    return _rebroken(
        track.cues[index].text,
        track.profile.line_characters,
        track.profile.hard_line_characters,
        track.is_turkmen_latin,
    )


@lru_cache(maxsize=20_000)
def _rebroken(text: str, soft: int, hard: int, turkmen: bool) -> str | None:
    words = text.split()
    joined = " ".join(words)
    if counted(joined) <= soft:
        return joined
    bare = [plain(word) for word in words]
    lengths = [counted(word) for word in bare]
    at = best_break(bare, lengths, soft=soft, hard=hard, turkmen=turkmen)
    return None if at is None else f"{' '.join(words[:at])}\n{' '.join(words[at:])}"
