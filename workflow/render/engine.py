"""A render from beginning to end: plan, encode what is missing, stitch, measure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from workflow.errors import BadInput, Cancelled, ToolFailed
from workflow.media.facts import Film
from workflow.progress import Watch, part, unwatched
from workflow.render.ass import missing_letters
from workflow.render.measure import BuildReport, measure_build
from workflow.render.plan import RenderPlan, Stamp, plan_render
from workflow.render.recipe import Recipe
from workflow.render.run import Run, as_runs, encode_run, missing, run_frames
from workflow.render.segments import SegmentStore, is_whole
from workflow.render.soft import write_soft
from workflow.render.sound import keep_sound
from workflow.render.stitch import stitch
from workflow.tracks.cues import Cue

#: ISO 639-2/T for containers; BCP 47 tags that have none of two letters are written as they are.
_LANGUAGES = {
    "tk": "tuk",
    "ru": "rus",
    "en": "eng",
    "fa": "fas",
    "tr": "tur",
    "uz": "uzb",
    "de": "deu",
}


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
    language   BCP 47 of the cues
    tags       "title" and "comment" of the file
    work       for temporary files, on the filesystem of the segments; beside *out* unless given

    Raises BadInput before ffmpeg starts (see `plan_render`; OUTPUT_EXISTS), then ToolFailed.
    """
    if out.exists():
        raise BadInput("OUTPUT_EXISTS", f"There is a file already: {out.name}.", where=out.name)
    plan = plan_render(film, cues, recipe, stamp=stamp)
    workplace = work or out.parent
    try:
        if recipe.is_soft:
            encoded = 0
            write_soft(
                plan,
                cues,
                original,
                out,
                language=_LANGUAGES.get(language.split("-", maxsplit=1)[0], language),
                tags=tags or {},
                watch=part(watch, 0, 950),
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
                plan,
                mezzanine,
                original,
                sound,
                segments,
                out,
                tags=tags or {},
                work=workplace,
                watch=part(watch, 850, 950),
                ffmpeg=ffmpeg,
            )
        report = report_build(
            plan, cues, out, encoded, with_sound=sound is not None, watch=part(watch, 950, 1000)
        )
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    watch(1000, "Done")
    return report


def _put_together(
    plan: RenderPlan,
    mezzanine: Path,
    original: Path,
    sound: Path | None,
    segments: SegmentStore,
    out: Path,
    *,
    tags: dict[str, str],
    work: Path,
    watch: Watch,
    ffmpeg: str,
) -> int:
    """Stitch picture and sound. What turns out to be damaged is made anew, once; returns its frames."""

    def sound_key(*, anew: bool) -> str | None:
        if sound is None:
            return None
        return keep_sound(
            plan.film,
            plan.recipe,
            original,
            sound,
            segments,
            work=work,
            watch=part(watch, 0, 500),
            ffmpeg=ffmpeg,
            anew=anew,
        )

    key = sound_key(anew=False)
    try:
        stitch(plan, segments, key, out, tags=tags, watch=part(watch, 500, 1000))
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
        encode_run(plan, run, mezzanine, segments, work=work, ffmpeg=ffmpeg)
    if key is not None and not is_whole(segments.path(key)):
        sound_key(anew=True)
    stitch(plan, segments, key, out, tags=tags)
    return sum(plan.segments[index].frames for index in broken)


def report_build(
    plan: RenderPlan,
    cues: Sequence[Cue],
    out: Path,
    encoded_frames: int,
    *,
    with_sound: bool,
    watch: Watch = unwatched,
) -> BuildReport:
    """Measure *out* and report it. Raises ToolFailed OUTPUT_INVALID."""
    measures = measure_build(out, plan, cues, with_sound=with_sound, watch=watch)
    grid = plan.film.grid
    return BuildReport(
        form=plan.recipe.form,
        width=measures.width,
        height=measures.height,
        frames=measures.frames,
        duration=measures.duration,
        bytes=measures.bytes,
        has_sound=measures.has_sound,
        cues=len(cues),
        segments=len(plan.segments),
        encoded_frames=encoded_frames,
        unseen=tuple(
            number
            for number, cue in enumerate(cues, start=1)
            if grid.first_frame_at(cue.start) >= min(plan.film.frames, grid.first_frame_at(cue.end))
        ),
        missing_letters=missing_letters("".join(cue.text for cue in cues)),
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
