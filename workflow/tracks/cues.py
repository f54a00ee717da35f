"""Cues and track versions: the values that everything else talks about."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from workflow.timebase import Flicks


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle or dub line.

    uid         stable for life: through edits, retiming and re-upload
    start, end  half-open: drawn from the first frame at or after start, gone on the first at or after end
    text        lines joined by "\\n"; NFC; the only markup is <i> <b> <u> and their ends, any other < is literal text
    position    numpad place 1-9 (ASS \\an); None is the style's own (bottom centre)
    take        of a dub line: SHA-256 of the sound that is heard; "" while there is none
    on_screen   of a dub line: the speaker's mouth is seen, so it must begin when that opens
    """

    uid: str
    start: Flicks
    end: Flicks
    text: str
    speaker: str = ""
    note: str = ""
    position: int | None = None
    take: str = ""
    on_screen: bool = False

    def look(self) -> list[Any]:
        """What a viewer sees and hears of it: the part that hashes and verdicts name.

        Of a dub line also who speaks: a speaker's lines are brought to one level.
        """
        seen = [self.start, self.end, self.text, self.position]
        dubbed = self.take or self.on_screen
        return [*seen, self.take, self.on_screen, self.speaker] if dubbed else seen

    def to_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "uid": self.uid,
            "start": self.start,
            "end": self.end,
            "text": self.text,
        }
        if self.speaker:
            body["speaker"] = self.speaker
        if self.note:
            body["note"] = self.note
        if self.position is not None:
            body["position"] = self.position
        if self.take:
            body["take"] = self.take
        if self.on_screen:
            body["on_screen"] = True
        return body

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Cue:
        """From a stored document; a request's body is checked by `document.cues_from_request` first."""
        return cls(
            uid=body["uid"],
            start=body["start"],
            end=body["end"],
            text=body["text"],
            speaker=body.get("speaker", ""),
            note=body.get("note", ""),
            position=body.get("position"),
            take=body.get("take", ""),
            on_screen=body.get("on_screen", False),
        )


class TrackVersion(NamedTuple):
    """One saved state of a track; never edited, only followed by the next.

    Versions that would look the same on the same film share a hash, so a
    verdict names the hash and not the number.
    """

    number: int  # 1, 2, 3 … within its track
    language: str  # BCP 47: "tk", "ru", "en-GB"
    film_hash: str  # SHA-256 of the film the cues are timed to
    cues: tuple[Cue, ...]  # by start, then end

    @property
    def hash(self) -> str:
        return track_hash(self.language, self.film_hash, self.cues)


def in_order(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """By start, then end; cues that tie keep their order."""
    return tuple(sorted(cues, key=lambda cue: (cue.start, cue.end)))


def canonical(value: Any) -> bytes:
    """The one JSON form that is hashed: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256(data: bytes) -> str:
    import hashlib  # noqa: PLC0415  who only reads and writes files needs no OpenSSL

    return hashlib.sha256(data).hexdigest()


def track_hash(language: str, film_hash: str, cues: Iterable[Cue]) -> str:
    """SHA-256 of what a viewer would see: language, film and each cue's look. Uids and notes stay out."""
    return sha256(canonical(["track/1", language, film_hash, [c.look() for c in in_order(cues)]]))


def cue_hash(film_hash: str, cue: Cue) -> str:
    """Names one cue on one film; equal hashes carry an approval forward."""
    return sha256(canonical(["cue/1", film_hash, cue.look()]))
