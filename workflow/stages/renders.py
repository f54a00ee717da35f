"""Final renders: of approved bytes only, with a manifest of everything that went in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workflow.errors import BadInput, Conflict
from workflow.language.codes import same_language
from workflow.media.names import display_name
from workflow.people import Actor
from workflow.render.recipe import MixSettings, Recipe, Second
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.films import file_view, known_film
from workflow.stages.mixes import refuse_guides
from workflow.stages.review import changes_json, version_changes
from workflow.stages.versions import locked_track
from workflow.stages.views import FileView, RenderView
from workflow.store import audit, ledger
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.room import refuse_work_without_room
from workflow.store.tables import (
    Build,
    Film,
    FilmFile,
    Job,
    Render,
    Track,
    TrackVersion,
    Verdict,
)

RENDER_VERSION = "render/1"
FINALS_AT_ONCE = 2  # versions whose picture one person has encoded at the same time
FORMS = ("burned", "soft-mp4", "soft-mkv")


@in_whole
def start_render(
    house: House,
    actor: Actor,
    version_id: str,
    recipe: dict[str, Any] | None,
    *,
    allow_guide: bool = False,
) -> RenderView:
    """Queue the final render of an approved version; the same request again is the same render.

    recipe    as `Recipe.from_json` reads it; None: burned in, with every setting as usual. A second track
              is the film's newest approved version in that language. A dub is heard first and the original
              second, mixed as it was approved; None: its picture is copied
    allow_guide   lines of a dub may be spoken by the guide voice; else Conflict GUIDE_TAKES

    Raises ToolFailed DISK_LOW; BadInput RECIPE, FORM; Conflict FILM_NOT_READY, TOO_MANY_RENDERS; Conflict NOT_APPROVED when the version is not
    approved, was changed since, or would look otherwise than what was watched: details {"state",
    "latest": the newest version's number, "changed": what nobody approved, "style": whether that is it}.
    """
    wanted = Recipe.from_json(recipe or {})
    if wanted.form not in FORMS:
        raise BadInput("FORM", f"A final render is {', '.join(FORMS)}; not {wanted.form}.")
    with house.write() as session:
        version = show.row(session, TrackVersion, version_id)
        track = locked_track(session, version.track_id)
        session.refresh(version)
        film = known_film(session, show.row(session, Film, track.film_id))
        verdict = _approval(house, session, version)
        if track.kind == "dub":
            wanted = as_heard(session, version, wanted if recipe else Recipe(form="soft-mp4"))
            if not allow_guide:
                refuse_guides(session, track.id, load_cues(house, version.document))
        second = second_version(house, session, track, wanted)
        second_verdict = _approval(house, session, second) if second else None
        _refuse_other_look(session, verdict, second_verdict, wanted)
        if render := _same_render(session, verdict, second, wanted):
            job = show.row(session, Job, render.job_id)
            if job.state in ("failed", "cancelled"):
                ledger.retry(session, job)
            return show.render_view(session, render)
        refuse_work_without_room(house.settings)
        if not wanted.is_soft:
            _refuse_third_final(session, actor, version_id)
        sound = session.get(FilmFile, {"film_id": track.film_id, "role": "sound"})
        job = ledger.create(
            session,
            kind="render",
            queue="render",
            key=[
                RENDER_VERSION,
                version.id,
                verdict.id,
                version.track_hash,
                film.hash,
                film.mezzanine,
                sound.sha256 if sound else None,
                wanted.hash,
                *([second.id, second_verdict.id] if second and second_verdict else []),
            ],
            params={
                "version": version.id,
                "verdict": verdict.id,
                "recipe": wanted.to_json(),
                **({"second": second.id} if second else {}),
            },
            subject=version.id,
            project_id=track.project_id,
            created_by=actor.user_id,
        )
        render = Render(
            version_id=version.id,
            verdict_id=verdict.id,
            job_id=job.id,
            recipe=wanted.to_json(),
            recipe_hash=wanted.hash,
            file_name=_file_name(session, track, version, wanted, second),
            created_by=actor.user_id,
        )
        session.add(render)
        session.flush()
        audit.note(session, actor.user_id, "render.start", "render", render.id, version=version.id)
        return show.render_view(session, render)


def as_heard(session: Session, version: TrackVersion, wanted: Recipe) -> Recipe:
    """The recipe for a final dub: its mix is the one that the reviewer heard, or would hear."""
    newest = select(Build.recipe).where(Build.version_id == version.id)
    judged = (
        select(Build.recipe)
        .join(Verdict, Verdict.build_id == Build.id)
        .where(Verdict.version_id == version.id)
        .order_by(Verdict.created_at.desc(), Verdict.id)
    )
    body = session.scalars(judged.limit(1)).first()
    body = body or session.scalars(newest.order_by(Build.created_at.desc()).limit(1)).first()
    mix = Recipe.from_json(body or {}).mix or MixSettings()
    return replace(wanted, sounds="dub" if wanted.sounds == "dub" else "both", mix=mix)


def _same_render(
    session: Session, verdict: Verdict, second: TrackVersion | None, wanted: Recipe
) -> Render | None:
    """The render of this approval with this recipe and, where it shows two tracks, this second version."""
    found = session.execute(
        select(Render, Job.params)
        .join(Job, Job.id == Render.job_id)
        .where(Render.verdict_id == verdict.id, Render.recipe_hash == wanted.hash)
        .order_by(Render.created_at, Render.id)
    )
    named = second.id if second else None
    return next((render for render, params in found if params.get("second") == named), None)


def second_version(
    house: House, session: Session, track: Track, wanted: Recipe
) -> TrackVersion | None:
    """The newest approved version that the film has in the recipe's second language; None if it shows one track.

    Raises Conflict NOT_APPROVED when there is none.
    """
    if wanted.second is None:
        return None
    language = wanted.second.language
    for other, version in approved_beside(session, track):
        if not language or same_language(other.language, language):
            return version
    raise Conflict(
        "NOT_APPROVED",
        f"No other track of this film is approved in {language or 'a second language'}.",
        advice="A reviewer must approve that track too.",
        details={"state": "draft", "changed": [], "style": False},
    )


def approved_beside(session: Session, track: Track) -> list[tuple[Track, TrackVersion]]:
    """Other tracks of the film with their approved versions, the newest approved first."""
    rows = session.execute(
        select(Track, TrackVersion)
        .join(TrackVersion, TrackVersion.track_id == Track.id)
        .where(
            Track.film_id == track.film_id,
            Track.id != track.id,
            Track.language != track.language,
            Track.kind != "dub",
            TrackVersion.state == "approved",
        )
        .order_by(TrackVersion.created_at.desc(), TrackVersion.id)
    )
    return [(other, version) for other, version in rows]


def _refuse_third_final(session: Session, actor: Actor, version_id: str) -> None:
    """T19. The forms of one version count as one: they are one delivery."""
    others = session.scalar(
        select(func.count(Job.subject.distinct())).where(
            Job.kind == "render",
            Job.state.in_(ledger.LIVE),
            Job.created_by == actor.user_id,
            Job.subject != version_id,
        )
    )
    if (others or 0) >= FINALS_AT_ONCE:
        raise Conflict(
            "TOO_MANY_RENDERS",
            f"{others} final renders of yours are waiting or under way already.",
            advice="Start this one when one of them is done.",
        )


def _approval(house: House, session: Session, version: TrackVersion) -> Verdict:
    """The verdict that lets this version be rendered. Raises Conflict NOT_APPROVED and says what changed."""
    verdict = session.scalars(
        select(Verdict)
        .where(Verdict.version_id == version.id)
        .order_by(Verdict.created_at.desc(), Verdict.id)
        .limit(1)
    ).first()
    track = show.row(session, Track, version.track_id)
    film_hash = show.row(session, Film, track.film_id).original
    if (
        version.state == "approved"
        and verdict is not None
        and verdict.verdict == "approved"
        and (verdict.track_hash, verdict.film_hash) == (version.track_hash, film_hash)
    ):
        return verdict
    latest = show.latest_version(session, version.track_id) or version
    if version.state == "stale" and latest.id != version.id:
        changed = changes_json(
            film_hash, load_cues(house, version.document), load_cues(house, latest.document)
        )
        message = (
            f"Version {version.number} was approved, but version {latest.number} changes"
            f" {len(changed)} of its cues."
        )
    else:
        changed = version_changes(house, session, version)
        message = (
            f"Version {version.number} is {version.state.replace('_', ' ')}, not approved;"
            f" {len(changed)} of its cues were never approved."
        )
    raise Conflict(
        "NOT_APPROVED",
        message,
        advice="A reviewer must approve the newest version first.",
        details={
            "state": version.state,
            "latest": latest.number,
            "changed": changed,
            "style": False,
        },
    )


def _refuse_other_look(
    session: Session, verdict: Verdict, second: Verdict | None, wanted: Recipe
) -> None:
    """What is drawn on the picture must be what its reviewers saw: the letters of each track, where they
    were, and no watermark that was not there. A second track may stand at the other edge, smaller."""
    if wanted.is_soft:
        return
    for given in (verdict, second):
        if given is None:
            continue
        watched = Recipe.from_json(show.row(session, Build, given.build_id).recipe)
        if wanted.style != watched.style:
            raise _other_look("draws the text in another style than the one that was approved")
        if given is verdict and wanted.watermark not in ("", watched.watermark):
            raise _other_look("draws a watermark that was not in what was approved")
    if wanted.second is not None and wanted.second.place != Second().place:
        raise _other_look("moves the approved text to make room for a second language")


def _other_look(what: str) -> Conflict:
    return Conflict(
        "NOT_APPROVED",
        f"The recipe {what}.",
        advice="Render with the approved look, or have a build in the new one approved.",
        details={"state": "approved", "changed": [], "style": True},
    )


def _file_name(
    session: Session,
    track: Track,
    version: TrackVersion,
    recipe: Recipe,
    second: TrackVersion | None,
) -> str:
    film = show.row(session, Film, track.film_id)
    stem = film.name.rpartition(".")[0] or film.name
    soft = ".soft" if recipe.is_soft else ""
    suffix = ".mkv" if recipe.form == "soft-mkv" else ".mp4"
    with_it = f"+{show.row(session, Track, second.track_id).language}" if second else ""
    return display_name(f"{stem}.{track.language}{with_it}.v{version.number}{soft}{suffix}")


def render_view(house: House, render_id: str) -> RenderView:
    with house.read() as session:
        return show.render_view(session, show.row(session, Render, render_id))


def render_file(house: House, render_id: str) -> FileView:
    """The finished film as a file to send. Raises NotFound."""
    with house.read() as session:
        render = show.row(session, Render, render_id)
        return file_view(session, render.output, render.file_name)


def render_manifest(house: House, render_id: str) -> FileView:
    """What went into it, as JSON. Raises NotFound."""
    with house.read() as session:
        render = show.row(session, Render, render_id)
        stem = render.file_name.rpartition(".")[0]
        return file_view(session, render.manifest, f"{stem}.manifest.json")
