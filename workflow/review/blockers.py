"""Why a draft cannot become a version: what no viewer could see rightly, whatever a person says."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workflow.timebase import Flicks, clock
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.limits import MAX_BEYOND_FILM
from workflow.tracks.text import plain


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason, at one cue (counted from 1; 0 for the whole track)."""

    code: str
    cue: int
    uid: str
    message: str

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "cue": self.cue, "uid": self.uid, "message": self.message}


def blockers(cues: Sequence[Cue], film_duration: Flicks) -> tuple[Blocker, ...]:
    """NO_CUES, NO_TEXT, BAD_CHARACTER, OUTSIDE_FILM, OVERLAP; empty when the draft may be submitted."""
    ordered = in_order(cues)
    if not ordered:
        return (Blocker("NO_CUES", 0, "", "The track has no cues."),)
    return tuple(_of_cues(ordered, film_duration))


def _of_cues(cues: Sequence[Cue], film_duration: Flicks) -> Iterator[Blocker]:
    last_at: dict[int | None, tuple[int, Cue]] = {}  # by place on the picture
    for number, cue in enumerate(cues, start=1):
        if not plain(cue.text).strip():
            yield Blocker("NO_TEXT", number, cue.uid, f"Cue {number} has no text.")
        for character in cue.text:
            if character != "\n" and unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn"):
                yield Blocker(
                    "BAD_CHARACTER",
                    number,
                    cue.uid,
                    f"Cue {number} has a character that cannot be drawn (U+{ord(character):04X}).",
                )
                break
        if cue.start >= film_duration or cue.end > film_duration + MAX_BEYOND_FILM:
            yield Blocker(
                "OUTSIDE_FILM",
                number,
                cue.uid,
                f"Cue {number} ends at {clock(cue.end)}; the film ends at {clock(film_duration)}.",
            )
        before = last_at.get(cue.position)
        if before and before[1].end > cue.start:
            yield Blocker(
                "OVERLAP",
                number,
                cue.uid,
                f"Cue {number} starts before cue {before[0]} at the same place has ended.",
            )
        if not before or cue.end > before[1].end:
            last_at[cue.position] = (number, cue)
