"""The work of build and render jobs: the engine on stored files, its result measured before it is shown.

One job renders one film. What it misses of the picture it makes itself if that is little; else it leaves
it to parts (`parts.py`) and goes on when they are over. Segments are published one by one as they are
finished, so what a killed worker had done is found by its successor, and the file comes out the same, bit
for bit.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow.errors import Conflict
from workflow.media.facts import Film as FilmFacts
from workflow.progress import Watch, part
from workflow.render.engine import render
from workflow.render.measure import BuildReport
from workflow.render.plan import Stamp, plan_render
from workflow.render.recipe import Recipe
from workflow.render.run import missing
from workflow.render.sound import sound_key
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.films import known_film
from workflow.stages.frames import frames_of_film
from workflow.stages.mixes import MadeMix, dub_to_hear, script_of
from workflow.stages.parts import split
from workflow.stages.running import Published, Settle, publish
from workflow.stages.segments import LedgerSegments
from workflow.stages.versions import move
from workflow.store import audit, ledger
from workflow.store.house import House, remember_blob
from workflow.store.ledger import Claimed
from workflow.store.tables import (
    Build,
    Film,
    FilmFile,
    Person,
    Render,
    Track,
    TrackVersion,
    Verdict,
)
from workflow.tracks.cues import Cue, canonical

RUNS_AT_ONCE = min(2, os.cpu_count() or 1)  # of the little that a job makes itself: a person waits
_SUFFIXES = {"soft-mkv": (".mkv", "video/x-matroska")}


@dataclass(frozen=True)
class _Inputs:
    """Everything a render reads, gathered in one look at the database."""

    film: FilmFacts
    film_name: str
    files: dict[str, str]  # role → SHA-256
    track: Track
    version: TrackVersion
    cues: tuple[Cue, ...]
    second: _Inputs | None = None  # the second track, in what it has of its own
    spoken: tuple[Cue, ...] = ()  # lines of a dub: they are heard, and drawn only in review builds

    @property
    def second_cues(self) -> tuple[Cue, ...] | None:
        return self.second.cues if self.second else None


def _gather(house: House, version_id: str, second_id: str | None = None) -> _Inputs:
    with house.read() as session:
        version = show.row(session, TrackVersion, version_id)
        track = show.row(session, Track, version.track_id)
        film = show.row(session, Film, track.film_id)
        files = session.execute(
            select(FilmFile.role, FilmFile.sha256).where(FilmFile.film_id == film.id)
        ).all()
        cues = load_cues(house, version.document)
        return _Inputs(
            film=known_film(session, film),
            film_name=film.name.rpartition(".")[0] or film.name,
            files={role: sha256 for role, sha256 in files},  # noqa: C416  rows are not pairs to mypy
            track=track,
            version=version,
            cues=cues,
            spoken=cues if track.kind == "dub" else (),
            second=_gather(house, second_id) if second_id else None,
        )


def _split(
    house: House,
    claimed: Claimed,
    inputs: _Inputs,
    recipe: Recipe,
    segments: LedgerSegments,
    *,
    stamp: Stamp | None,
) -> Settle | None:
    """Leave the encoding to parts, if there is much of it."""
    if recipe.is_soft:
        return None
    return split(
        house,
        claimed,
        plan_render(inputs.film, inputs.cues, recipe, second=inputs.second_cues, stamp=stamp),
        inputs.track.film_id,
        None if recipe.sounds == "dub" else inputs.files.get("sound"),
        segments,
        rank=1 if stamp else 2,
    )


def _render(
    house: House,
    claimed: Claimed,
    inputs: _Inputs,
    recipe: Recipe,
    segments: LedgerSegments,
    work: Path,
    watch: Watch,
    *,
    stamp: Stamp | None,
    tags: dict[str, str],
) -> tuple[Published, BuildReport, MadeMix | None]:
    suffix, media_type = _SUFFIXES.get(recipe.form, (".mp4", "video/mp4"))
    out = work / f"out{suffix}"
    mezzanine, original, sound = _files(house, inputs, recipe, segments, stamp)
    dub, made, mixing = None, None, 0
    if recipe.mix is not None:
        mixing = 300
        script = script_of(house, inputs.track.id, inputs.spoken, recipe.mix)
        dub, made = dub_to_hear(
            house, script, recipe, inputs.track.language, segments, work, part(watch, 0, mixing)
        )
    report = render(
        inputs.film,
        mezzanine,
        original,
        sound,
        inputs.cues,
        recipe,
        out,
        segments=segments,
        second=inputs.second_cues,
        dub=dub,
        stamp=stamp,
        language=inputs.track.language,
        tags=tags,
        watch=part(watch, mixing, 980),
        ffmpeg=house.settings.ffmpeg,
        workers=RUNS_AT_ONCE,
        work=work,
    )
    with house.read() as session:
        by_parts = ledger.frames_of_parts(session, claimed.id)
    watch(980, "Storing")
    blob = publish(house, out, media_type)
    return blob, replace(report, encoded_frames=report.encoded_frames + by_parts), made


def _files(
    house: House, inputs: _Inputs, recipe: Recipe, segments: LedgerSegments, stamp: Stamp | None
) -> tuple[Path, Path, Path | None]:
    """Mezzanine, original and sound, of which only what will be read needs to be on this machine."""
    plan = plan_render(inputs.film, inputs.cues, recipe, second=inputs.second_cues, stamp=stamp)
    sound = None if recipe.sounds == "dub" else inputs.files.get("sound")
    sound_is = [sound_key(inputs.film, recipe)] if sound else []
    segments.bring([*(segment.key for segment in plan.segments), *sound_is])
    gone = [plan.segments[index] for index in missing(plan, segments)]
    stretches = [(segment.first, segment.end) for segment in gone]
    mezzanine = frames_of_film(house, inputs.track.film_id, inputs.film.mezzanine, stretches)
    hears = any(not segments.has(key) for key in sound_is)
    original = house.blobs.existing(inputs.film.packets) if recipe.is_soft or hears else mezzanine
    if sound is None:
        return mezzanine, original, None
    return mezzanine, original, house.blobs.existing(sound) if hears else mezzanine


def run_build(house: House, claimed: Claimed, watch: Watch, work: Path) -> Settle:
    """The review build; when it is there, its version is in review."""
    inputs = _gather(house, claimed.params["version"])
    with house.read() as session:
        build = session.scalars(select(Build).where(Build.job_id == claimed.id)).one()
    stamp = Stamp(
        film=inputs.film_name,
        language=inputs.track.language,
        version=inputs.version.number,
        track_hash=inputs.version.track_hash,
        made=f"{datetime.fromtimestamp(build.created_at / 1000, UTC):%Y-%m-%d %H:%M} UTC",
    )
    recipe = Recipe.from_json(claimed.params["recipe"])
    segments = LedgerSegments(house)
    if waits := _split(house, claimed, inputs, recipe, segments, stamp=stamp):
        return waits
    tags = {"title": inputs.film_name, "comment": stamp.version_line}
    blob, report, made = _render(
        house, claimed, inputs, recipe, segments, work, watch, stamp=stamp, tags=tags
    )

    def settle(session: Session) -> str:
        remember_blob(session, blob.sha256, blob.size, blob.media_type)
        session.execute(
            update(Build)
            .where(Build.id == build.id)
            .values(output=blob.sha256, report=_told(report, made))
        )
        version = show.row(session, TrackVersion, inputs.version.id)
        if version.state == "submitted":
            move(session, version, "submitted", "in_review", None, build=build.id)
        return build.id

    return settle


def run_render(house: House, claimed: Claimed, watch: Watch, work: Path) -> Settle:
    """The final film and its manifest. The film's bytes follow from film, cues and recipe alone."""
    inputs = _gather(house, claimed.params["version"], claimed.params.get("second"))
    if inputs.spoken:
        inputs = replace(inputs, cues=())
    shown = [inputs] if inputs.second is None else [inputs, inputs.second]
    for one in shown:
        _refuse_unapproved(one.version)
    recipe = Recipe.from_json(claimed.params["recipe"])
    segments = LedgerSegments(house)
    if waits := _split(house, claimed, inputs, recipe, segments, stamp=None):
        return waits
    names = (
        ("track", inputs.version.track_hash),
        ("film", inputs.film.hash),
        ("recipe", recipe.hash),
    )
    comment = "Terjime final · " + " · ".join(f"{what} {sha[:16]}" for what, sha in names)
    tags = {"comment": comment}
    blob, report, mix = _render(
        house, claimed, inputs, recipe, segments, work, watch, stamp=None, tags=tags
    )
    with house.read() as session:
        made = session.scalars(select(Render).where(Render.job_id == claimed.id)).one()
        manifest = _manifest(session, inputs, recipe, made, blob, report)
        if mix is not None:
            manifest["dub"] = mix.to_json()
    manifest_sha, manifest_size = house.blobs.put_bytes(canonical(manifest))

    def settle(session: Session) -> str:
        versions = select(TrackVersion).where(
            TrackVersion.id.in_([one.version.id for one in shown])
        )
        for version in session.scalars(versions.order_by(TrackVersion.id).with_for_update()):
            _refuse_unapproved(version)
        remember_blob(session, blob.sha256, blob.size, blob.media_type)
        remember_blob(session, manifest_sha, manifest_size, "application/json")
        session.execute(
            update(Render)
            .where(Render.id == made.id)
            .values(output=blob.sha256, manifest=manifest_sha, report=_told(report, mix))
        )
        audit.note(
            session,
            None,
            "render.done",
            "render",
            made.id,
            output=blob.sha256,
            manifest=manifest_sha,
        )
        return made.id

    return settle


def _told(report: BuildReport, mix: MadeMix | None) -> dict[str, Any]:
    """The report of a build or final; that of a dub with its mix and the lines that are not heard."""
    return report.to_json() | ({"dub": mix.to_json()} if mix is not None else {})


def _refuse_unapproved(version: TrackVersion) -> None:
    """The approval may have ended while the render waited or ran."""
    if version.state != "approved":
        raise Conflict(
            "NOT_APPROVED",
            f"Version {version.number} is {version.state} since the render was started.",
            advice="A reviewer must approve the newest version first.",
            details={"state": version.state},
        )


def _manifest(
    session: Session,
    inputs: _Inputs,
    recipe: Recipe,
    made: Render,
    blob: Published,
    report: BuildReport,
) -> dict[str, Any]:
    """Everything that went into a final film, for whoever holds it later."""
    verdicts = [show.row(session, Verdict, made.verdict_id)]
    second = {}
    if inputs.second is not None:
        verdicts.append(_last_verdict(session, inputs.second.version))
        second = {"second_track": _track_json(inputs.second)}
    return {
        "form": "terjime-manifest/1",
        "output": {"sha256": blob.sha256, "bytes": blob.size, "file_name": made.file_name},
        "film": {
            "name": inputs.film_name,
            "sha256": inputs.film.hash,
            "mezzanine": inputs.film.mezzanine,
            "sound": inputs.files.get("sound"),
        },
        "track": _track_json(inputs),
        **second,
        "recipe": recipe.to_json() | {"hash": recipe.hash},
        "verdicts": [_verdict_json(session, verdict) for verdict in verdicts],
        "measured": report.to_json(),
        "tools": {name: installed(name) for name in ("terjime", "av", "imageio-ffmpeg")},
    }


def _track_json(inputs: _Inputs) -> dict[str, Any]:
    return {
        "language": inputs.track.language,
        "version": inputs.version.number,
        "track_hash": inputs.version.track_hash,
        "document": inputs.version.document,
        "cues": len(inputs.spoken or inputs.cues),
    }


def _last_verdict(session: Session, version: TrackVersion) -> Verdict:
    """The one by which an approved version is approved."""
    return session.scalars(
        select(Verdict)
        .where(Verdict.version_id == version.id)
        .order_by(Verdict.created_at.desc(), Verdict.id)
        .limit(1)
    ).one()


def _verdict_json(session: Session, verdict: Verdict) -> dict[str, Any]:
    reviewer = show.row(session, Person, verdict.reviewer_id)
    return {
        "verdict": verdict.verdict,
        "reviewer": {"id": reviewer.id, "name": reviewer.name},
        "at": verdict.created_at,
        "track_hash": verdict.track_hash,
        "film_hash": verdict.film_hash,
        "recipe_hash": verdict.recipe_hash,
        "build_hash": verdict.build_hash,
        "watched_permille": verdict.watched_permille,
    }
