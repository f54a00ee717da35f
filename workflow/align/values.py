"""What alignment finds: new times with a confidence each, and the pieces they came from."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from workflow.timebase import Flicks

Method = Literal["subtitles", "speech", "both"]

NO_COUNTERPART = (
    "no_counterpart"  # the reference has nothing there: a scene added, or a line of its own
)
MOVED_BY_NEIGHBOURS = "moved_by_neighbours"  # shortened or pushed so that times keep increasing
SNAPPED = "snapped"  # takes an in- or out-time of the reference, or a shot change, exactly


class Retimed(NamedTuple):
    """Where one cue belongs.

    start, end  half-open, like the cue's own
    confidence  0 to 1: how sure it is that both times are within 200 ms
    mark        NO_COUNTERPART, MOVED_BY_NEIGHBOURS, SNAPPED, or None for a cue moved with its segment
    segment     position of its segment in `Alignment.segments`
    """

    uid: str
    start: Flicks
    end: Flicks
    confidence: float
    mark: str | None = None
    segment: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "start": self.start,
            "end": self.end,
            "confidence": round(self.confidence, 4),
            "mark": self.mark,
            "segment": self.segment,
        }


class Segment(NamedTuple):
    """A stretch of cues that moved as one: new time = rate × old time + offset.

    first_cue, last_cue  positions in the story's order, from 0, both included; that is the track's order
                         unless a cut left cues from before and after it among one another: `Retimed.segment`
    from_time, to_time   new times of the stretch: first in-time, last out-time
    """

    first_cue: int
    last_cue: int
    from_time: Flicks
    to_time: Flicks
    offset: Flicks
    rate: Fraction
    confidence: float

    def to_json(self) -> dict[str, Any]:
        return {
            "first_cue": self.first_cue,
            "last_cue": self.last_cue,
            "from": self.from_time,
            "to": self.to_time,
            "offset": self.offset,
            "rate": [self.rate.numerator, self.rate.denominator],
            "confidence": round(self.confidence, 4),
        }


class Agreement(NamedTuple):
    """How well cues lie on what they are aligned to, 0 to 1 each.

    on_time     share of in- and out-times within 100 ms of one of the reference
    covered     share of the cues' time in which the reference speaks too
    """

    on_time: float
    covered: float

    def to_json(self) -> dict[str, Any]:
        return {"on_time": round(self.on_time, 4), "covered": round(self.covered, 4)}


class Alignment(NamedTuple):
    """A proposal for a whole track. Every cue of the track is in it once, in the track's order.

    related     False: the track and what it was held against do not belong together, the times are
                not worth accepting
    confidence  0 to 1, of the whole
    """

    cues: tuple[Retimed, ...]
    segments: tuple[Segment, ...]
    confidence: float
    related: bool
    before: Agreement
    after: Agreement
    method: Method

    def to_json(self) -> dict[str, Any]:
        """Times in flicks. The body of the report and of a stored proposal."""
        return {
            "method": self.method,
            "related": self.related,
            "confidence": round(self.confidence, 4),
            "segments": [segment.to_json() for segment in self.segments],
            "cues": [cue.to_json() for cue in self.cues],
            "marked": {mark: self.marked(mark) for mark in _MARKS},
            "before": self.before.to_json(),
            "after": self.after.to_json(),
        }

    def marked(self, mark: str) -> int:
        """How many cues bear *mark*."""
        return sum(cue.mark == mark for cue in self.cues)


_MARKS: Sequence[str] = (NO_COUNTERPART, MOVED_BY_NEIGHBOURS, SNAPPED)
