"""Encoding what is missing: runs of neighbouring segments, each decoded, drawn on and encoded in one thread.

A run costs one start of ffmpeg, for the captions, however many segments it makes. Each segment is kept as soon as it is
whole and right, so a run that is stopped has lost one segment at most.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.progress import Watch, unwatched
from workflow.render.encoder import ENTRIES, SegmentEncoder
from workflow.render.pictures import drawn_frames
from workflow.render.plan import RenderPlan, Segment, off_plan
from workflow.render.segments import SegmentStore, write_segment

RUN_FRAMES = 480  # 20 s of film: starting ffmpeg costs about 1 % of it, losing it little
_TELL_SECONDS = 0.5
_DOING = "Encoding the picture"


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring segments of a plan: those from index *first* up to, not including, *end*."""

    first: int
    end: int

    def of(self, plan: RenderPlan) -> tuple[Segment, ...]:
        return plan.segments[self.first : self.end]


def missing(plan: RenderPlan, segments: SegmentStore) -> list[int]:
    """Indices of the plan's segments that are not kept yet."""
    return [index for index, segment in enumerate(plan.segments) if not segments.has(segment.key)]


def runs(plan: RenderPlan, segments: SegmentStore, target_frames: int = RUN_FRAMES) -> list[Run]:
    """The missing segments as runs of about *target_frames* frames, or of one segment."""
    return as_runs(plan, missing(plan, segments), target_frames)


def as_runs(plan: RenderPlan, indices: Sequence[int], target_frames: int = RUN_FRAMES) -> list[Run]:
    """The segments at *indices*, in order, as runs of neighbours."""
    found: list[Run] = []
    frames = 0
    for index in indices:
        segment = plan.segments[index]
        length = segment.frames
        # The plan of a part may have gaps, which no run spans.
        follows = found and found[-1].end == index and plan.segments[index - 1].end == segment.first
        if follows and frames + length <= target_frames:
            found[-1] = Run(found[-1].first, index + 1)
            frames += length
        else:
            found.append(Run(index, index + 1))
            frames = length
    return found


def run_frames(plan: RenderPlan, indices: Sequence[int], workers: int) -> int:
    """A length of run that keeps *workers* busy to the end: two each, and none too long to lose."""
    if workers == 1:
        return RUN_FRAMES
    left = sum(plan.segments[index].frames for index in indices)
    return max(1, min(RUN_FRAMES, -(-left // (2 * workers))))


def encode_run(
    plan: RenderPlan,
    run: Run,
    mezzanine: Path,
    segments: SegmentStore,
    *,
    work: Path,
    watch: Watch = unwatched,
    ffmpeg: str = "",
    stall_seconds: float = 180,
) -> None:
    """Make the segments of *run* and keep them; those that are kept already stay as they are.

    work  a folder on the same filesystem as the segments; nothing is left in it

    Raises ToolFailed OUTPUT_INVALID if there are other frames than planned, what `drawn_frames` raises
    and whatever *watch* raises.
    """
    pieces = run.of(plan)
    told = _Told(watch, sum(piece.frames for piece in pieces))
    with tempfile.TemporaryDirectory(dir=work.absolute(), prefix="run.") as name:
        folder = Path(name)
        with drawn_frames(
            plan,
            pieces,
            mezzanine,
            folder,
            waiting=told.again,
            ffmpeg=ffmpeg,
            stall_seconds=stall_seconds,
        ) as frames:
            for piece in pieces[:-1]:
                file = _encode_segment(plan, piece, told.each(frames), folder)
                segments.put(piece.key, file)
            last = _encode_segment(plan, pieces[-1], told.each(frames), folder)
            if next(frames, None) is not None:
                raise off_plan("there are more frames than the plan has")
        # Not before ffmpeg has ended well: it may have failed, or drawn more than was asked.
        segments.put(pieces[-1].key, last)
    watch(1000, _DOING)


class _Told:
    """Tells *watch* how far a run of *total* frames is, about twice a second."""

    def __init__(self, watch: Watch, total: int) -> None:
        self._watch, self._total = watch, total
        self._done, self._at = 0, 0.0

    def each(self, frames: Iterator[Any]) -> Iterator[Any]:
        for frame in frames:
            self._done += 1
            self.again()
            yield frame

    def again(self) -> None:
        if (now := time.monotonic()) - self._at >= _TELL_SECONDS:
            self._at = now
            self._watch(1000 * self._done // self._total, _DOING)


def _encode_segment(plan: RenderPlan, piece: Segment, frames: Iterator[Any], folder: Path) -> Path:
    encoder = SegmentEncoder(plan.size, plan.film.rate, plan.recipe)
    packets: list[tuple[int, bool, bytes]] = []
    for number, frame in enumerate(itertools.islice(frames, piece.frames)):
        packets += encoder.encode(frame, number)
    packets += encoder.finish()
    shown = [number for number, _, _ in packets]
    keys = [index for index, (_, key, _) in enumerate(packets) if key]
    if sorted(shown) != list(range(piece.frames)) or keys[:1] != [0] or shown[0] != 0:
        raise off_plan("the encoder's frames are not those of the plan", f"frame {piece.first}")
    file = folder / piece.key
    write_segment(
        file,
        (data for _, _, data in packets),
        codec=ENTRIES[plan.recipe.codec],
        config=encoder.config,
        shown=shown,
        keys=keys,
        facts={"width": plan.size[0], "height": plan.size[1]},
    )
    return file
