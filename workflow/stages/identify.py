"""What is this file? By the hash of its bytes, or by the tag that a film carries in itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.delivery.tags import Tag, read_tag
from workflow.errors import NotFound
from workflow.people import Actor
from workflow.stages import show
from workflow.stages.views import KnownFileView
from workflow.store.house import House
from workflow.store.tables import (
    Build,
    Film,
    FilmFile,
    Package,
    PackageFile,
    Project,
    Render,
    Track,
    TrackVersion,
    Verdict,
)

_HASH = re.compile(r"[0-9a-f]{8,64}")
_MOST = 50  # things that one hash may name


def what_is(house: House, actor: Actor, text: str) -> KnownFileView:
    """Which film, version, build, render or package *text* names, among what *actor* may see.

    text    a whole SHA-256; the tag of a film; or anything with eight or more digits of a track's hash
            (a stamp, a file name)

    An admin looks into every project. Raises NotFound UNKNOWN_FILE, the same for what does not exist and
    for what one may not see.
    """
    with house.read() as session:
        for found in _named(session, text[:2000]):
            if actor.is_admin or show.roles_in(session, found.project_id, actor.user_id):
                return found
    raise NotFound(
        "UNKNOWN_FILE",
        "No film, version, build, render or package of yours has this hash or tag.",
        advice="The file may have been changed after it was downloaded, or be of a project that is not yours.",
    )


def _named(session: Session, text: str) -> Iterator[KnownFileView]:
    """All that it may mean, the surest first."""
    hashes = sorted(set(_HASH.findall(text.lower())), key=lambda found: -len(found))[:4]
    for whole in hashes:
        if len(whole) == 64:
            yield from _with_bytes(session, whole)
    if tag := read_tag(text):
        yield from _with_tag(session, tag)
    for part in hashes:
        for version in _versions(session, part):
            yield _of_version(session, version, "tag", "version", version.id)


def _with_bytes(session: Session, sha256: str) -> Iterator[KnownFileView]:
    for film in session.scalars(select(Film).where(Film.original == sha256).limit(_MOST)):
        yield _of_film(session, film, "original")
    for build in session.scalars(select(Build).where(Build.output == sha256).limit(_MOST)):
        version = show.row(session, TrackVersion, build.version_id)
        yield _of_version(session, version, "bytes", "build", build.id, recipe=build.recipe)
    for render in session.scalars(select(Render).where(Render.output == sha256).limit(_MOST)):
        yield _of_render(session, render, "bytes")
    for package in session.scalars(select(Package).where(Package.sha256 == sha256).limit(_MOST)):
        yield _of_package(session, package, package.file_name)
    inside = select(PackageFile, Package).join(Package).where(PackageFile.sha256 == sha256)
    for file, package in session.execute(inside.limit(_MOST)):
        yield _of_package(session, package, file.name)
    made = select(FilmFile, Film).join(Film).where(FilmFile.sha256 == sha256)
    for working, film in session.execute(made.limit(_MOST)):
        yield _of_film(session, film, working.role)


def _with_tag(session: Session, tag: Tag) -> Iterator[KnownFileView]:
    versions = [
        version
        for version in _versions(session, tag.track)
        if tag.number in (0, version.number)
        and (not tag.film or _film_of(session, version).original.startswith(tag.film))
    ]
    for version in versions:
        renders = (
            select(Render)
            .where(Render.version_id == version.id, Render.recipe_hash.startswith(tag.recipe))
            .order_by(Render.created_at.desc(), Render.id)
        )
        if tag.film:
            for render in session.scalars(renders):
                yield _of_render(session, render, "tag")
        builds = select(Build).where(Build.version_id == version.id).order_by(Build.height)
        if tag.number:
            for build in session.scalars(builds):
                yield _of_version(session, version, "tag", "build", build.id, recipe=build.recipe)
    for version in versions:
        yield _of_version(session, version, "tag", "version", version.id)


def _versions(session: Session, beginning: str) -> list[TrackVersion]:
    named = TrackVersion.track_hash.startswith(beginning, autoescape=True)
    return list(
        session.scalars(
            select(TrackVersion)
            .where(named)
            .order_by(TrackVersion.number.desc(), TrackVersion.id)
            .limit(_MOST)
        )
    )


def _film_of(session: Session, version: TrackVersion) -> Film:
    return show.row(session, Film, show.row(session, Track, version.track_id).film_id)


def _of_film(session: Session, film: Film, role: str) -> KnownFileView:
    return KnownFileView(
        kind="film",
        matched="bytes",
        id=film.id,
        project_id=film.project_id,
        project=show.row(session, Project, film.project_id).title,
        film=film.name,
        film_id=film.id,
        file_name=film.name if role == "original" else role,
    )


def _of_render(session: Session, render: Render, matched: str) -> KnownFileView:
    version = show.row(session, TrackVersion, render.version_id)
    return _of_version(
        session,
        version,
        matched,
        "render",
        render.id,
        recipe=render.recipe,
        file_name=render.file_name,
        verdict=show.row(session, Verdict, render.verdict_id),
    )


def _of_package(session: Session, package: Package, name: str) -> KnownFileView:
    version = show.row(session, TrackVersion, package.version_id)
    return _of_version(session, version, "bytes", "package", package.id, file_name=name)


def _of_version(
    session: Session,
    version: TrackVersion,
    matched: str,
    kind: str,
    object_id: str,
    *,
    recipe: dict[str, Any] | None = None,
    file_name: str = "",
    verdict: Verdict | None = None,
) -> KnownFileView:
    track = show.row(session, Track, version.track_id)
    film = show.row(session, Film, track.film_id)
    latest = show.latest_version(session, track.id)
    verdict = verdict or _approval(session, version)
    return KnownFileView(
        kind=kind,
        matched=matched,
        id=object_id,
        project_id=track.project_id,
        project=show.row(session, Project, track.project_id).title,
        film=film.name,
        film_id=film.id,
        file_name=file_name,
        track=track.id,
        language=track.language,
        version=version.number,
        version_id=version.id,
        track_hash=version.track_hash,
        state=version.state,
        recipe=recipe,
        approved_by=show.name_of(session, verdict.reviewer_id) if verdict else "",
        approved_at=verdict.created_at if verdict else None,
        latest=latest.number if latest else version.number,
        current=version.state == "approved" or (latest is not None and latest.id == version.id),
    )


def _approval(session: Session, version: TrackVersion) -> Verdict | None:
    return session.scalars(
        select(Verdict)
        .where(Verdict.version_id == version.id, Verdict.verdict == "approved")
        .order_by(Verdict.created_at.desc(), Verdict.id)
        .limit(1)
    ).first()
