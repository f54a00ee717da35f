"""Encoding what is missing: runs of neighbouring segments, each one ffmpeg and one encoder.

A run costs one start of ffmpeg however many segments it makes. Each segment is kept as soon as it is
whole and right, so a run that is stopped has lost one segment at most.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workflow.errors import ToolFailed
from workflow.media.ffmpeg import input_arguments, run_ffmpeg
from workflow.progress import Watch, unwatched
from workflow.render.ass import DRAWN_AT_MS, MS_PER_FRAME, Caption, document, frame_clock
from workflow.render.encoder import ENTRIES, SegmentEncoder
from workflow.render.pictures import FramePipe
from workflow.render.plan import RenderPlan, Segment
from workflow.render.segments import SegmentStore, write_segment
from workflow.render.typeface import FONTS_DIR, use_only_our_fonts
from workflow.timebase import FLICKS_PER_MS, FLICKS_PER_SECOND

RUN_FRAMES = 480  # 20 s of film: starting ffmpeg costs about 3 % of it, losing it little


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

    Call it from a thread that lives until it returns. Raises ToolFailed OUTPUT_INVALID if ffmpeg gave
    other frames than planned, and whatever `run_ffmpeg` and *watch* raise.
    """
    pieces = run.of(plan)
    total = pieces[-1].end - pieces[0].first
    with (
        tempfile.TemporaryDirectory(dir=work.absolute(), prefix="run.") as name,
        _pipe(Path(name), plan.size) as pipe,
    ):
        folder = Path(name)
        arguments = drawing(plan, run, mezzanine, folder)
        encoding = _Encoding(plan, pieces, pipe, segments, folder)
        try:
            run_ffmpeg(
                [
                    *arguments,
                    *("-frames:v", str(total), "-pix_fmt", "yuv420p"),
                    *("-c:v", "rawvideo", "-threads", "1", "-f", "rawvideo", "-y"),
                    f"file:{pipe.path}",
                ],
                duration=total * MS_PER_FRAME * FLICKS_PER_MS,
                watch=watch,
                doing="Encoding the picture",
                ffmpeg=ffmpeg,
                stall_seconds=stall_seconds,
                cwd=folder,
            )
        except ToolFailed as error:
            # It may have met a broken pipe because the encoder gave up: then that is what went wrong.
            raise encoding.end(short_is_fine=True) or error from error
        except BaseException:
            encoding.abandon()
            raise
        if broken := encoding.end():
            raise broken
        encoding.keep_last()


def drawing(plan: RenderPlan, run: Run, mezzanine: Path, folder: Path) -> list[str]:
    """ffmpeg's arguments, but for the output, that draw the frames of *run*; to be run in *folder*, where
    the captions and fonts are put."""
    pieces = run.of(plan)
    (folder / "cues.ass").write_text(_script(plan, pieces), encoding="utf-8")
    (folder / "fonts").symlink_to(FONTS_DIR, target_is_directory=True)
    use_only_our_fonts()
    # Microseconds rounded up: rounded down, the seek would land in the GOP before and decode it for nothing.
    start = -(-plan.film.grid.time_of(pieces[0].first) * 1_000_000 // FLICKS_PER_SECOND)
    scale = (
        []
        if plan.size == (plan.film.width, plan.film.height)
        else [f"scale={plan.size[0]}:{plan.size[1]}:flags=bicubic"]
    )
    drawn = [
        *scale,
        "settb=1/1000",
        f"setpts=N*{MS_PER_FRAME}+{DRAWN_AT_MS}",
        "ass=filename=cues.ass:fontsdir=fonts",
    ]
    return [
        *("-threads", "1", "-ss", f"{start // 1_000_000}.{start % 1_000_000:06d}"),
        *input_arguments(mezzanine.absolute(), "mp4"),
        *("-map", "0:v:0", "-filter_threads", "1"),
        *("-vf", ",".join(drawn), "-fps_mode", "passthrough"),
    ]


def _script(plan: RenderPlan, pieces: tuple[Segment, ...]) -> str:
    """The captions of these segments on the run's own frames, each segment's as if it were alone."""
    start = pieces[0].first
    shown = [
        caption.moved(piece.first - start) for piece in pieces for caption in _drawn(plan, piece)
    ]
    recipe = plan.recipe
    return document(shown, plan.size, recipe.style, frame_clock, recipe.second)


def _drawn(plan: RenderPlan, piece: Segment) -> Iterator[Caption]:
    yield from piece.captions
    if piece.clock:
        grid = plan.film.grid
        for frame in range(piece.frames):
            timecode = grid.timecode(grid.time_of(piece.first + frame))
            yield Caption(frame, frame + 1, 9, timecode, "note")


@contextmanager
def _pipe(folder: Path, size: tuple[int, int]) -> Iterator[FramePipe]:
    pipe = FramePipe(folder, size)
    try:
        yield pipe
    finally:
        pipe.close()


class _Encoding:
    """The encoder at the other end of the pipe, on a thread of its own."""

    def __init__(
        self,
        plan: RenderPlan,
        pieces: tuple[Segment, ...],
        pipe: FramePipe,
        segments: SegmentStore,
        folder: Path,
    ) -> None:
        self._plan, self._pieces, self._pipe = plan, pieces, pipe
        self._segments, self._folder = segments, folder
        self._abandoned = False
        self._short = False
        self._error: BaseException | None = None
        self._last: Path | None = None
        self._thread = threading.Thread(target=self._encode, name="encoder", daemon=True)
        self._thread.start()

    def end(self, *, short_is_fine: bool = False) -> BaseException | None:
        """Wait until the last frame of the pipe is encoded; what went wrong here, if anything."""
        self._pipe.writer_has_ended()
        self._thread.join()
        return None if short_is_fine and self._short else self._error

    def keep_last(self) -> None:
        """Keep the run's last segment, once ffmpeg has ended well."""
        if self._last is not None:
            self._segments.put(self._pieces[-1].key, self._last)

    def abandon(self) -> None:
        self._abandoned = True
        self.end()

    def _encode(self) -> None:
        try:
            frames = self._pipe.frames()
            for piece in self._pieces:
                self._encode_segment(piece, frames)
            if next(frames, None) is not None:
                raise _invalid("ffmpeg gave more frames than the plan has")
        except BaseException as error:
            self._error = error
        finally:
            self._pipe.close()  # an ffmpeg that still writes gets a broken pipe instead of waiting for ever

    def _encode_segment(self, piece: Segment, frames: Iterator[Any]) -> None:
        encoder = SegmentEncoder(self._plan.size, self._plan.film.rate, self._plan.recipe)
        packets: list[tuple[int, bool, bytes]] = []
        for number in range(piece.frames):
            if self._abandoned or (frame := next(frames, None)) is None:
                self._short = True
                raise _invalid(f"ffmpeg gave {number} of {piece.frames} frames", piece)
            packets += encoder.encode(frame, number)
        packets += encoder.finish()
        shown = [number for number, _, _ in packets]
        keys = [index for index, (_, key, _) in enumerate(packets) if key]
        if sorted(shown) != list(range(piece.frames)) or keys[:1] != [0] or shown[0] != 0:
            raise _invalid("the encoder's frames are not those of the plan", piece)
        file = self._folder / piece.key
        write_segment(
            file,
            (data for _, _, data in packets),
            codec=ENTRIES[self._plan.recipe.codec],
            config=encoder.config,
            shown=shown,
            keys=keys,
            facts={"width": self._plan.size[0], "height": self._plan.size[1]},
        )
        if piece is self._pieces[-1]:
            self._last = (
                file  # ffmpeg may yet turn out to have failed, or to give more than was asked
            )
        else:
            self._segments.put(piece.key, file)


def _invalid(what: str, piece: Segment | None = None) -> ToolFailed:
    return ToolFailed(
        "OUTPUT_INVALID",
        f"What was made is not what was planned: {what}.",
        where=f"frame {piece.first}" if piece else "",
        advice="It is tried again; if it fails once more, an operator looks at ffmpeg and the disk.",
    )
