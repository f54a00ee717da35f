"""A comment stands on a cue and a frame, and follows the cue through later versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workflow.timebase import FrameGrid
from workflow.tracks.cues import Cue, cue_hash

Place = Literal["here", "moved", "orphan"]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an anchor is on a version: the frame to show it at, and whether that is where it was."""

    place: Place
    frame: int
    uid: str | None


def anchor_of(
    film_hash: str, track_hash: str, grid: FrameGrid, frame: int, cue: Cue | None
) -> dict[str, Any]:
    """The anchor of a comment made at *frame*, on *cue* if it is about one."""
    anchor: dict[str, Any] = {
        "frame": frame,
        "rate": [grid.rate.numerator, grid.rate.denominator],
        "film_hash": film_hash,
        "track_hash": track_hash,
    }
    if cue is not None:
        anchor |= {
            "cue_uid": cue.uid,
            "cue_hash": cue_hash(film_hash, cue),
            "cue_start": cue.start,
            "cue_end": cue.end,
            "offset_in_cue": grid.time_of(frame) - cue.start,
        }
    return anchor


def place_of(
    anchor: Mapping[str, Any], film_hash: str, grid: FrameGrid, cues: Sequence[Cue]
) -> Placed:
    """Where *anchor* stands on a version with these *cues*.

    "here": its cue looks as it did, or it is about a frame alone. "moved": the cue was edited, or split
    or joined (then the cue that is now at its place is followed). "orphan": the cue is gone and nothing
    took its place; it is shown at its old frame, never dropped.
    """
    frame = int(anchor["frame"])
    uid = anchor.get("cue_uid")
    if uid is None:
        return Placed("here", frame, None)
    cue = next((c for c in cues if c.uid == uid), None)
    if cue is not None:
        if cue_hash(film_hash, cue) == anchor["cue_hash"]:
            return Placed("here", frame, uid)
        time = cue.start + min(max(int(anchor["offset_in_cue"]), 0), cue.end - cue.start - 1)
        return Placed("moved", grid.frame_at(time), uid)
    same = next((c for c in cues if cue_hash(film_hash, c) == anchor["cue_hash"]), None)
    if same is not None:
        return Placed("here", frame, same.uid)
    start, end = int(anchor["cue_start"]), int(anchor["cue_end"])
    heir = max(
        (c for c in cues if c.start < end and start < c.end),
        key=lambda c: min(c.end, end) - max(c.start, start),
        default=None,
    )
    if heir is not None:
        return Placed("moved", max(frame, grid.first_frame_at(heir.start)), heir.uid)
    return Placed("orphan", frame, None)
