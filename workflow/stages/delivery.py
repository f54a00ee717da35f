"""What a final render would cost and look like, told before anybody starts it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.errors import BadInput
from workflow.media.facts import Film as FilmFacts
from workflow.render.plan import RenderPlan, cost_seconds, plan_render
from workflow.render.recipe import Recipe
from workflow.render.still import draw_still, still_key, telling_frame
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.films import known_film
from workflow.stages.frames import frames_of_film
from workflow.stages.renders import FORMS, approved_beside, as_heard, second_version
from workflow.stages.segments import LedgerSegments
from workflow.stages.views import PlanView
from workflow.store.house import House
from workflow.store.tables import (
    Blob,
    Build,
    Film,
    Job,
    Render,
    Segment,
    Track,
    TrackVersion,
)
from workflow.timebase import FLICKS_PER_SECOND

LATELY = 20  # finished renders and builds whose speed is looked at
_KEYS_A_QUERY = 900  # SQLite's old limit of variables is 999
_SETTLING_SECONDS = 1.0  # of every job: being taken up, stitched, measured, stored …
_SETTLING_SHARE = 0.01  # … and of the film's length: its sound and its packets


def plan_final(house: House, version_id: str, recipe: dict[str, Any] | None) -> PlanView:
    """The plan for the final render of a version. Nothing is changed, nothing started.

    Raises BadInput RECIPE, FORM and what `plan_render` refuses; Conflict FILM_NOT_READY.
    """
    wanted = Recipe.from_json(recipe or {})
    if wanted.form not in FORMS:
        raise BadInput("FORM", f"A final render is {', '.join(FORMS)}; not {wanted.form}.")
    with house.read() as session:
        version = show.row(session, TrackVersion, version_id)
        track = show.row(session, Track, version.track_id)
        film_row = show.row(session, Film, track.film_id)
        film = known_film(session, film_row)
        wanted = as_heard(session, version, wanted) if track.kind == "dub" else wanted
        second = second_version(house, session, track, wanted)
        cues = () if track.kind == "dub" else load_cues(house, version.document)
        beside = load_cues(house, second.document) if second else None
        plan = plan_render(film, cues, wanted, second=beside)
        sizes = _kept(session, [segment.key for segment in plan.segments])
        missing = [segment for segment in plan.segments if segment.key not in sizes]
        frames = sum(segment.frames for segment in missing)
        speed = _speed(session)
        rows = session.execute(
            select(Render.id, Job.params)
            .join(Job, Job.id == Render.job_id)
            .where(Render.version_id == version.id, Render.recipe_hash == wanted.hash)
            .order_by(Render.created_at.desc(), Render.id)
        )
        named = second.id if second else None
        there = next((row.id for row in rows if row.params.get("second") == named), None)
        length = film.duration / FLICKS_PER_SECOND
        cost = cost_seconds(frames, plan.size, wanted) * (speed or 1.0)
        return PlanView(
            form=wanted.form,
            width=plan.size[0],
            height=plan.size[1],
            frames=film.frames,
            segments=len(plan.segments),
            missing=len(missing),
            missing_frames=frames,
            seconds=round(cost + _SETTLING_SECONDS + _SETTLING_SHARE * length),
            measured=speed is not None,
            bytes=_likely_bytes(session, film, film_row.id, plan, sizes),
            render=there,
        )


def still_of_final(house: House, version_id: str, recipe: dict[str, Any] | None) -> Path:
    """A PNG of one frame with much text, as the burned-in final of this recipe would show it.

    Kept among the segments: asked for again, nothing is drawn. Raises what `plan_final` does, and ToolFailed.
    """
    wanted = Recipe.from_json(recipe or {})
    if wanted.form != "burned":
        raise BadInput("FORM", "Only a burned-in film is drawn.")
    # How it is encoded does not show: one picture does for every codec and quality.
    wanted = Recipe(height=wanted.height, style=wanted.style, second=wanted.second)
    with house.read() as session:
        version = show.row(session, TrackVersion, version_id)
        track = show.row(session, Track, version.track_id)
        film = known_film(session, show.row(session, Film, track.film_id))
        second = second_version(house, session, track, wanted)
        beside = load_cues(house, second.document) if second else None
        plan = plan_render(film, load_cues(house, version.document), wanted, second=beside)
    frame = telling_frame(plan)
    key, segments = still_key(plan, frame), LedgerSegments(house)
    if not segments.has(key):
        mezzanine = frames_of_film(house, track.film_id, film.mezzanine, [(frame, frame + 1)])
        with TemporaryDirectory(dir=house.settings.work_dir, prefix="incoming-") as folder:
            out = Path(folder) / "still.png"
            draw_still(plan, frame, mezzanine, out, ffmpeg=house.settings.ffmpeg)
            segments.put(key, out)
    return segments.path(key)


def second_languages(house: House, track_id: str) -> dict[str, int]:
    """Languages that the film of a track is approved in besides, with the version that would be shown."""
    with house.read() as session:
        found: dict[str, int] = {}
        for other, version in approved_beside(session, show.row(session, Track, track_id)):
            found.setdefault(other.language, version.number)
        return found


def _kept(session: Session, keys: list[str]) -> dict[str, int]:
    """Bytes of each segment that need not be made again."""
    found: dict[str, int] = {}
    for start in range(0, len(keys), _KEYS_A_QUERY):
        rows = session.execute(
            select(Segment.key, Blob.size)
            .join(Blob, Blob.sha256 == Segment.sha256)
            .where(Segment.key.in_(keys[start : start + _KEYS_A_QUERY]), Blob.state == "present")
        )
        found |= {row.key: row.size for row in rows}
    return found


def _speed(session: Session) -> float | None:
    """How many seconds this house took for each second of `cost_seconds`, lately; None if nobody knows.

    Only jobs that encoded for a while count: in the others other work is the larger part.
    """
    found = []
    for kind in (Render, Build):
        rows = session.execute(
            select(kind.recipe, kind.report, Job.started_at, Job.finished_at)
            .join(Job, Job.id == kind.job_id)
            .where(Job.state == "done", Job.started_at.is_not(None), kind.report.is_not(None))
            .order_by(Job.finished_at.desc())
            .limit(LATELY)
        ).all()
        found += [share for row in rows if (share := _share(*row)) is not None]
    return median(found) if found else None


def _share(
    recipe: dict[str, Any],
    report: dict[str, Any] | None,
    started: float | None,
    finished: int | None,
) -> float | None:
    if not report or started is None or finished is None:
        return None
    cost = cost_seconds(
        int(report.get("encoded_frames", 0)),
        (int(report.get("width", 0)), int(report.get("height", 0))),
        Recipe.from_json(recipe),
    )
    passed = finished / 1000 - started
    return passed / cost if cost >= 2 and passed > 0 else None


def _likely_bytes(
    session: Session, film: FilmFacts, film_id: str, plan: RenderPlan, sizes: dict[str, int]
) -> int:
    """Of the finished film: from its own segments where there are some, else from its mezzanine."""
    original = session.get(Blob, film.hash)
    if plan.recipe.is_soft:
        return original.size if original else 0
    seconds = film.duration / FLICKS_PER_SECOND
    sound = plan.recipe.sound_kbps * 125 * seconds if film.has_sound else 0
    kept = sum(segment.frames for segment in plan.segments if segment.key in sizes)
    if kept:
        return round(sum(sizes.values()) * film.frames / kept + sound)
    known = list(_bytes_a_pixel(session, film_id, plan.recipe))
    if known:
        pixels = film.frames * plan.size[0] * plan.size[1]
        return round(float(median(known)) * pixels + sound)
    mezzanine = session.get(Blob, film.mezzanine)
    share = (plan.size[0] * plan.size[1]) / (film.width * film.height)
    # Half the bytes for each six steps of x264's scale; ingest works at 16.
    finer = math.pow(2, (16 - plan.recipe.crf) / 6)
    return round((mezzanine.size if mezzanine else 0) * math.pow(share, 0.75) * finer + sound)


def _bytes_a_pixel(session: Session, film_id: str, recipe: Recipe) -> Iterable[float]:
    """Of the films that were made from this one with the same quality."""
    rows = session.execute(
        select(Render.recipe, Render.report)
        .join(TrackVersion, TrackVersion.id == Render.version_id)
        .join(Track, Track.id == TrackVersion.track_id)
        .where(Track.film_id == film_id, Render.report.is_not(None))
    )
    for made, report in rows:
        same = (made.get("crf"), made.get("codec", "h264")) == (
            recipe.crf,
            getattr(recipe, "codec", "h264"),
        )
        pixels = report["frames"] * report["width"] * report["height"]
        if same and made.get("form") == recipe.form and pixels:
            yield report["bytes"] / pixels
