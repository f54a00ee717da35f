"""The picture of an alignment: two lanes of cues with their stretches joined. Pure: values in, SVG paths out.

The drawing is 1000 wide and 120 high; the upper lane holds the old times, the lower one the new; both share one
scale. The waveform of the film is drawn behind the lower lane by islands/proposal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

UNSURE = 0.6  # below it a cue or a stretch is drawn as uncertain
_WIDTH = 1000.0
_OLD, _NEW, _HIGH = 6, 90, 24  # top of each lane and the height of both


@dataclass(frozen=True, slots=True)
class Join:
    """The band that links a stretch in the upper lane to where it goes in the lower."""

    path: str
    weak: bool
    decision: str = ""  # accepted | rejected | partly


@dataclass(frozen=True, slots=True)
class Lanes:
    old: str
    new: str
    doubt: str  # new times that are uncertain
    joins: list[Join]
    low: int = 0  # flicks at the left edge, and at the right one
    high: int = 1


def draw_lanes(cues: Sequence[dict[str, Any]], segments: Sequence[dict[str, Any]]) -> Lanes:
    """cues    ProposalView.cues: old_start, old_end, start, end, confidence; segments in the order of their numbers"""
    times = [cue[name] for cue in cues for name in ("old_start", "old_end", "start", "end")]
    low, high = min(times, default=0), max(times, default=1)
    scale = _WIDTH / max(1, high - low)

    def x(time: int) -> float:
        return (time - low) * scale

    sure = [cue for cue in cues if cue["confidence"] >= UNSURE]
    unsure = [cue for cue in cues if cue["confidence"] < UNSURE]
    return Lanes(
        old=_boxes(((x(c["old_start"]), x(c["old_end"])) for c in cues), _OLD),
        new=_boxes(((x(c["start"]), x(c["end"])) for c in sure), _NEW),
        doubt=_boxes(((x(c["start"]), x(c["end"])) for c in unsure), _NEW),
        joins=[
            Join(
                _band(
                    x(min(cue["old_start"] for cue in part)),
                    x(max(cue["old_end"] for cue in part)),
                    x(min(cue["start"] for cue in part)),
                    x(max(cue["end"] for cue in part)),
                ),
                segment["confidence"] < UNSURE,
                segment.get("decision", ""),
            )
            for number, segment in enumerate(segments)
            if (part := _cues_of(number, cues))
        ],
        low=low,
        high=high,
    )


def segment_rows(
    segments: Sequence[dict[str, Any]], cues: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Segments as the table under the picture shows them: cues counted from 1, speed as a ratio."""
    rows = []
    for number, segment in enumerate(segments):
        ratio = Fraction(*segment["rate"])
        numbers = [n for n, cue in enumerate(cues, start=1) if cue["segment"] == number]
        rows.append(
            segment
            | {
                "number": number + 1,
                "first": min(numbers, default=0),
                "last": max(numbers, default=0),
                "cues": len(numbers),
                "speed": f"× {float(ratio):.4f}" if ratio != 1 else "× 1",
            }
        )
    return rows


def _cues_of(segment: int, cues: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [cue for cue in cues if cue["segment"] == segment]


def _boxes(spans: Iterable[tuple[float, float]], top: int) -> str:
    return "".join(
        f"M{left:.1f} {top}H{max(right, left + 0.6):.1f}V{top + _HIGH}H{left:.1f}Z"
        for left, right in spans
    )


def _band(old_left: float, old_right: float, new_left: float, new_right: float) -> str:
    top, bottom = _OLD + _HIGH + 2, _NEW - 2
    return f"M{old_left:.1f} {top}H{old_right:.1f}L{new_right:.1f} {bottom}H{new_left:.1f}Z"
