"""A render from beginning to end: plan, encode what is missing, stitch, measure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from workflow.errors import BadInput, Cancelled, ToolFailed
from workflow.language.codes import three_letters
from workflow.media.facts import Film
from workflow.progress import Watch, part, unwatched
from workflow.render.ass import missing_letters
from workflow.render.measure import BuildReport, measure_build
from workflow.render.plan import RenderPlan, Stamp, plan_render
from workflow.render.recipe import Recipe
from workflow.render.run import Run, as_runs, encode_run, missing, run_frames
from workflow.render.segments import SegmentStore, is_whole
from workflow.render.soft import Text, write_soft
from workflow.render.sound import Dub, keep_dub, keep_sound
from workflow.render.stitch import stitch
from workflow.tracks.cues import Cue


def render(
    film: Film,
    mezzanine: Path,
    original: Path,
    sound: Path | None,
    cues: Sequence[Cue],
    recipe: Recipe,
    out: Path,
    *,
    segments: SegmentStore,
    second: Sequence[Cue] | None = None,
    dub: Dub | None = None,
    stamp: Stamp | None = None,
    language: str = "tk",
    tags: dict[str, str] | None = None,
    watch: Watch = unwatched,
    ffmpeg: str = "",
    workers: int = 1,
    work: Path | None = None,
) -> BuildReport:
    """Render *film* with *cues* by *recipe* into *out*, and measure what came out.

    mezzanine  what is encoded from; original is only copied from
    sound      ingest's FLAC; None if the film is silent
    out        must not exist yet; it is not there after a failure
    second     cues of the second track, if the recipe has one
    dub        the mix, if the recipe is to be heard with it
    language   BCP 47 of the cues
    tags       "title" and "comment" of the file
    work       for temporary files, on the filesystem of the segments; beside *out* unless given

    Raises BadInput before ffmpeg starts (see `plan_render`; OUTPUT_EXISTS), then ToolFailed.
    """
    if out.exists():
        raise BadInput("OUTPUT_EXISTS", f"There is a file already: {out.name}.", where=out.name)
    if (recipe.sounds == "original") != (dub is None):
        raise BadInput(
            "RECIPE",
            "The recipe is to be heard with a dub and none was given."
            if dub is None
            else "A dub was given and the recipe leaves it out.",
            where="sounds",
            advice="Give the mix as a file and say “both” or “dub”.",
        )
    plan = plan_render(film, cues, recipe, second=second, stamp=stamp)
    workplace = work or out.parent
    kept = _Sounds(plan, original, sound, dub, segments, workplace, ffmpeg)
    texts = [Text(cues, three_letters(language))]
    if second is not None and recipe.second is not None:
        texts.append(Text(second, three_letters(recipe.second.language)))
    try:
        if recipe.is_soft:
            encoded = 0
            write_soft(
                plan,
                texts,
                original,
                out,
                dub=kept.dub(watch=part(watch, 0, 300)),
                segments=segments,
                tags=tags or {},
                watch=part(watch, 300, 950),
            )
        else:
            encoded = build_segments(
                plan,
                mezzanine,
                segments,
                work=workplace,
                watch=part(watch, 0, 850),
                ffmpeg=ffmpeg,
                workers=workers,
            )
            encoded += _put_together(
                plan, mezzanine, kept, segments, out, tags=tags or {}, watch=part(watch, 850, 950)
            )
        report = report_build(
            plan,
            cues,
            out,
            encoded,
            second=second or (),
            with_sound=sound is not None or dub is not None,
            watch=part(watch, 950, 1000),
        )
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    watch(1000, "Done")
    return report


@dataclass(frozen=True)
class _Sounds:
    """The sounds that the recipe wants, made where they are not kept yet."""

    plan: RenderPlan
    original: Path
    sound: Path | None
    mix: Dub | None
    segments: SegmentStore
    work: Path
    ffmpeg: str

    def dub(self, *, watch: Watch = unwatched, anew: bool = False) -> str | None:
        if self.mix is None:
            return None
        return keep_dub(
            self.plan.film,
            self.plan.recipe,
            self.mix,
            self.segments,
            work=self.work,
            watch=watch,
            ffmpeg=self.ffmpeg,
            anew=anew,
        )

    def own(self, *, watch: Watch = unwatched, anew: bool = False) -> str | None:
        if self.sound is None or self.plan.recipe.sounds == "dub":
            return None
        return keep_sound(
            self.plan.film,
            self.plan.recipe,
            self.original,
            self.sound,
            self.segments,
            work=self.work,
            watch=watch,
            ffmpeg=self.ffmpeg,
            anew=anew,
        )


def _put_together(
    plan: RenderPlan,
    mezzanine: Path,
    sounds: _Sounds,
    segments: SegmentStore,
    out: Path,
    *,
    tags: dict[str, str],
    watch: Watch,
) -> int:
    """Stitch picture and sound. What turns out to be damaged is made anew, once; returns its frames."""
    made = sounds.dub(watch=part(watch, 0, 250)), sounds.own(watch=part(watch, 250, 500))
    keys = [key for key in made if key is not None]
    try:
        stitch(plan, segments, keys, out, tags=tags, watch=part(watch, 500, 1000))
    except ToolFailed as error:
        if error.code != "SEGMENT_DAMAGED":
            raise
    else:
        return 0
    out.unlink(missing_ok=True)
    broken = [
        index
        for index, segment in enumerate(plan.segments)
        if not is_whole(segments.path(segment.key))
    ]
    for run in as_runs(plan, broken):
        encode_run(plan, run, mezzanine, segments, work=sounds.work, ffmpeg=sounds.ffmpeg)
    for key, make in zip(made, (sounds.dub, sounds.own), strict=True):
        if key is not None and not is_whole(segments.path(key)):
            make(anew=True)
    stitch(plan, segments, keys, out, tags=tags)
    return sum(plan.segments[index].frames for index in broken)


def report_build(
    plan: RenderPlan,
    cues: Sequence[Cue],
    out: Path,
    encoded_frames: int,
    *,
    second: Sequence[Cue] = (),
    with_sound: bool,
    watch: Watch = unwatched,
) -> BuildReport:
    """Measure *out* and report it. Raises ToolFailed OUTPUT_INVALID."""
    measures = measure_build(out, plan, cues, second=second, with_sound=with_sound, watch=watch)
    grid = plan.film.grid
    return BuildReport(
        form=plan.recipe.form,
        width=measures.width,
        height=measures.height,
        frames=measures.frames,
        duration=measures.duration,
        bytes=measures.bytes,
        has_sound=measures.has_sound,
        cues=len(cues) + len(second),
        segments=len(plan.segments),
        encoded_frames=encoded_frames,
        unseen=tuple(
            number
            for number, cue in enumerate(cues, start=1)
            if grid.first_frame_at(cue.start) >= min(plan.film.frames, grid.first_frame_at(cue.end))
        ),
        missing_letters=missing_letters("".join(cue.text for cue in (*cues, *second))),
    )


def build_segments(
    plan: RenderPlan,
    mezzanine: Path,
    segments: SegmentStore,
    *,
    work: Path,
    watch: Watch = unwatched,
    ffmpeg: str = "",
    workers: int = 1,
) -> int:
    """Encode every segment of *plan* that is not kept yet; returns how many frames that were."""
    gone = missing(plan, segments)
    todo = as_runs(plan, gone, run_frames(plan, gone, workers))
    lengths = [sum(segment.frames for segment in run.of(plan)) for run in todo]

    def encode(run: Run, watch_run: Watch) -> None:
        encode_run(plan, run, mezzanine, segments, work=work, watch=watch_run, ffmpeg=ffmpeg)

    _share(todo, lengths, encode, workers, watch)
    return sum(lengths)


def _share(
    todo: Sequence[Run],
    lengths: Sequence[int],
    encode: Callable[[Run, Watch], None],
    workers: int,
    watch: Watch,
) -> None:
    """Do *todo* on *workers* threads. *watch* is called from this thread only; one failure stops all."""
    total = max(1, sum(lengths))
    done = [0] * len(todo)  # permille of each run, weighed by its frames below
    stop = threading.Event()

    def one(index: int) -> None:
        def watch_run(permille: int, doing: str) -> None:
            if stop.is_set():
                raise Cancelled("CANCELLED", "Another part of this render was stopped.")
            done[index] = permille

        encode(todo[index], watch_run)

    with ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="render") as pool:
        pending = {pool.submit(one, index) for index in range(len(todo))}
        try:
            while pending:
                finished, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                share = sum(d * n for d, n in zip(done, lengths, strict=True)) // total
                watch(share, "Encoding the picture")
        except BaseException:
            stop.set()
            for future in pending:
                future.cancel()
            raise
