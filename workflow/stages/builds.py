"""Review builds: the stamped, watchable render of one version, whole or from the segments of earlier ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.errors import BadInput
from workflow.media.facts import Film as FilmFacts
from workflow.people import Actor
from workflow.render.recipe import REVIEW, REVIEW_240, MixSettings, Recipe
from workflow.stages import show
from workflow.stages.dubs import dub_row
from workflow.stages.films import file_view, known_film
from workflow.stages.versions import wrong_state
from workflow.stages.views import BuildView, FileView
from workflow.store import audit, ledger
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.tables import Build, Film, Job, Track, TrackVersion

BUILD_VERSION = "build/1"
RECIPES = {240: REVIEW_240, 480: REVIEW}  # by lines of the picture


@in_whole
def request_build(
    house: House,
    actor: Actor,
    version_id: str,
    height: int = 240,
    *,
    numbers: bool = False,
    watermark: str = "",
) -> BuildView:
    """Queue the review build of a version, or look at the one there is; a failed one is tried again.

    numbers, watermark   see `Recipe`

    Raises BadInput HEIGHT, RECIPE; Conflict WRONG_STATE, FILM_NOT_READY.
    """
    if height not in RECIPES:
        raise BadInput(
            "HEIGHT", f"Review builds are made {' or '.join(map(str, RECIPES))} lines high."
        )
    with house.write() as session:
        version = show.row(session, TrackVersion, version_id)
        if version.state == "withdrawn":
            raise wrong_state(version)
        track = show.row(session, Track, version.track_id)
        film = known_film(session, show.row(session, Film, track.film_id))
        drawn = {"numbers": numbers, "watermark": watermark}
        build = queue_build(session, version, track, film, height, actor.user_id, drawn)
        return show.build_view(session, build)


def queue_build(
    session: Session,
    version: TrackVersion,
    track: Track,
    film: FilmFacts,
    height: int,
    person_id: str,
    drawn: dict[str, Any] | None = None,
) -> Build:
    """The build of *version* and its job, in the caller's transaction.

    drawn   settings of the recipe beyond the usual: numbers, watermark
    """
    recipe = _recipe(session, track, height).changed(drawn or {})
    build = session.scalars(
        select(Build).where(
            Build.version_id == version.id,
            Build.height == height,
            Build.recipe_hash == recipe.hash,
        )
    ).first()
    if build is not None:
        job = show.row(session, Job, build.job_id)
        if job.state in ("failed", "cancelled"):
            ledger.retry(session, job)
        return build
    job = ledger.create(
        session,
        kind="build",
        queue="render",
        key=[BUILD_VERSION, version.id, version.track_hash, film.mezzanine, recipe.hash],
        params={"version": version.id, "recipe": recipe.to_json()},
        subject=version.id,
        project_id=track.project_id,
        created_by=person_id,
    )
    build = Build(
        version_id=version.id,
        job_id=job.id,
        height=height,
        recipe=recipe.to_json(),
        recipe_hash=recipe.hash,
    )
    session.add(build)
    session.flush()
    audit.note(session, person_id, "build.request", "build", build.id, version=version.id)
    return build


def _recipe(session: Session, track: Track, height: int) -> Recipe:
    """That of a dub is heard with its mix, by the settings of this moment."""
    if track.kind != "dub":
        return RECIPES[height]
    mix = MixSettings.from_json(dub_row(session, track.id).settings)
    return replace(RECIPES[height], sounds="dub", mix=mix)


def build_view(house: House, build_id: str) -> BuildView:
    with house.read() as session:
        return show.build_view(session, show.row(session, Build, build_id))


def build_file(house: House, build_id: str) -> FileView:
    """The finished build as a file to send. Raises NotFound."""
    with house.read() as session:
        build = show.row(session, Build, build_id)
        version = show.row(session, TrackVersion, build.version_id)
        track = show.row(session, Track, version.track_id)
        film = show.row(session, Film, track.film_id)
        stem = film.name.rpartition(".")[0] or film.name
        name = f"{stem}.{track.language}.v{version.number}.{version.track_hash[:8]}.REVIEW.mp4"
        return file_view(session, build.output, name)
