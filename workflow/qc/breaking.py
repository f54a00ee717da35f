"""Where the text of a cue breaks into lines."""

from __future__ import annotations

import re

from workflow.language.postpositions import (
    CLITICS,
    OPENERS,
    POSTPOSITIONS,
    UNITS,
    belongs_to,
    bound_start,
)
from workflow.qc.rule import LineUp
from workflow.tracks.text import count_characters, plain

_AFTER_MARK = re.compile(r"[.,;:!?…–][\"”’»)]*$")
_SPEAKER = re.compile(r"^\s*[-–—]")


def rebroken(track: LineUp, index: int) -> str | None:
    """The text of a cue broken anew into at most two lines, markup kept; None where it cannot be.

    One line if it fits; else the break where the language likes it best: after a mark, before a word
    that opens a phrase, never before one that belongs to the word above it, both lines about as long,
    the upper one shorter. A dialogue of two speakers keeps its lines.
    """
    cue = track.cues[index]
    if sum(bool(_SPEAKER.match(line)) for line in track.lines[index]) > 1:
        return None
    words = cue.text.split()
    soft, hard = track.profile.line_characters, track.profile.hard_line_characters
    if count_characters(" ".join(words)) <= soft:
        return " ".join(words)
    best: tuple[int, str] | None = None
    for at in range(1, len(words)):
        upper, lower = " ".join(words[:at]), " ".join(words[at:])
        lengths = count_characters(upper), count_characters(lower)
        if max(lengths) > hard:
            continue
        cost = _cost(plain(upper), plain(lower), track.is_turkmen_latin)
        cost += 20 * sum(max(0, length - soft) for length in lengths)
        cost += abs(lengths[0] - lengths[1]) + (3 if lengths[0] > lengths[1] else 0)
        if best is None or cost < best[0]:
            best = cost, f"{upper}\n{lower}"
    return best[1] if best else None


def _cost(upper: str, lower: str, turkmen: bool) -> int:
    """What the words say about a break between them; a point is about one character of imbalance."""
    cost = -12 if _AFTER_MARK.search(upper) else 0
    if not turkmen:
        return cost
    torn = bound_start(lower, POSTPOSITIONS | CLITICS | UNITS)
    if torn and belongs_to(torn, upper):
        cost += 1000 if torn.sure else 200
    elif bound_start(lower, OPENERS):
        cost -= 8
    return cost
