"""Packages: finished films of an approved version with all that belongs to them, or a training room.

A job gathers and measures, writes the small files, and reads every byte once against its hash. What is
kept then is a list of files with their CRC-32; the archive itself is put together while it is sent.
"""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow.delivery.contents import (
    SUBTITLE_FORMATS,
    Body,
    FinishedFilm,
    Item,
    Loudness,
    Material,
    Stored,
    delivery_items,
)
from workflow.delivery.names import FAT32_MOST, plain_name
from workflow.delivery.room import room_items
from workflow.delivery.zip import Entry, ZipLayout
from workflow.dub.loudness import measure_file
from workflow.errors import BadInput, Conflict, NotFound, ToolFailed
from workflow.media.probe import probe_film
from workflow.people import Actor
from workflow.progress import Watch, part
from workflow.stages import show
from workflow.stages.checks import check_cues
from workflow.stages.documents import load_cues
from workflow.stages.films import known_film
from workflow.stages.running import Settle
from workflow.stages.views import PackageView
from workflow.store import audit, ledger
from workflow.store.database import in_whole
from workflow.store.house import House, remember_blob
from workflow.store.ledger import Claimed
from workflow.store.tables import (
    Blob,
    Build,
    Film,
    FilmFile,
    Job,
    Package,
    PackageFile,
    Person,
    Render,
    Track,
    TrackVersion,
    Verdict,
)
from workflow.tracks.cues import canonical, sha256
from workflow.tracks.formats import format_named

PACKAGE_VERSION = "package/1"  # raise it when the same choice would give other bytes
KINDS = ("delivery", "room")
ROOM_PICTURES = ("h264", "av1", "vp9")  # what Chromium, Firefox and Safari all play
ROOM_SOUNDS = ("aac", "mp3", "opus", "flac")


@in_whole
def start_package(
    house: House,
    actor: Actor,
    version_id: str,
    kind: str,
    *,
    renders: Sequence[str] = (),
    formats: Sequence[str] = (),
) -> PackageView:
    """Queue a package of an approved version; the same choice again is the same package.

    kind       "delivery", or "room": a folder that plays from a memory stick
    renders    ids of final renders of the version; without them all that are finished and fit
    formats    of the subtitle files; without them SRT and WebVTT

    Raises BadInput PACKAGE, FORMAT; Conflict NOT_APPROVED; Conflict NOTHING_RENDERED.
    """
    if kind not in KINDS:
        raise BadInput("PACKAGE", f"A package is {' or '.join(KINDS)}; not {kind[:20]!r}.")
    names = [format_named(name).name for name in formats] or list(SUBTITLE_FORMATS)
    with house.write() as session:
        version = show.row(session, TrackVersion, version_id)
        track = show.row(session, Track, version.track_id)
        _refuse_unapproved(version)
        chosen = _chosen(session, version, kind, renders)
        verdict = show.row(session, Verdict, chosen[0].verdict_id)
        choice = {
            "kind": kind,
            "renders": [render.output for render in chosen],
            "formats": sorted(set(names), key=names.index),
        }
        choice_hash = sha256(canonical([PACKAGE_VERSION, choice]))
        package = session.scalars(
            select(Package).where(
                Package.version_id == version.id, Package.choice_hash == choice_hash
            )
        ).first()
        if package is not None:
            job = show.row(session, Job, package.job_id)
            if job.state in ("failed", "cancelled"):
                ledger.retry(session, job)
            return package_view_of(session, package)
        job = ledger.create(
            session,
            kind="package",
            queue="fast",
            key=[PACKAGE_VERSION, version.id, choice_hash],
            params={"version": version.id},
            subject=version.id,
            project_id=track.project_id,
            created_by=actor.user_id,
        )
        film = show.row(session, Film, track.film_id)
        title = film.name.rpartition(".")[0] or film.name
        room = "-room" if kind == "room" else ""
        stem = f"{plain_name(title)}.{plain_name(track.language)}.v{version.number}"
        package = Package(
            version_id=version.id,
            job_id=job.id,
            kind=kind,
            choice=choice,
            choice_hash=choice_hash,
            file_name=f"{stem}{room}.zip",
            made=verdict.created_at,
            created_by=actor.user_id,
        )
        session.add(package)
        session.flush()
        audit.note(
            session,
            actor.user_id,
            "package.start",
            "package",
            package.id,
            version=version.id,
            package=kind,
        )
        return package_view_of(session, package)


def _refuse_unapproved(version: TrackVersion) -> None:
    if version.state != "approved":
        raise Conflict(
            "NOT_APPROVED",
            f"Version {version.number} is {version.state.replace('_', ' ')}, not approved.",
            advice="A reviewer must approve the newest version first.",
            details={"state": version.state},
        )


def _chosen(
    session: Session, version: TrackVersion, kind: str, wanted: Sequence[str]
) -> list[Render]:
    """The final renders that go in, oldest first; one file once."""
    finished = session.scalars(
        select(Render)
        .where(Render.version_id == version.id, Render.output.is_not(None))
        .order_by(Render.created_at, Render.id)
    ).all()
    fit = [r for r in finished if kind != "room" or r.recipe["form"] != "soft-mkv"]
    if wanted:
        by_id = {render.id: render for render in fit}
        if unknown := [render_id for render_id in wanted if render_id not in by_id]:
            raise BadInput(
                "PACKAGE",
                "One of the films is no finished film of this version, or does not fit such a package.",
                where=unknown[0],
                advice="Choose among the finished films; a training room takes MP4 only.",
            )
        fit = [render for render in fit if render.id in set(wanted)]
    if not fit:
        raise Conflict(
            "NOTHING_RENDERED",
            "No finished film of this version fits into such a package yet.",
            advice="Render one first."
            if kind == "delivery"
            else "Render an MP4 first: a training room plays in a browser, which does not play MKV.",
        )
    return list({str(render.output): render for render in fit}.values())


# --- views ----------------------------------------------------------------------------------------


def package_view(house: House, package_id: str) -> PackageView:
    with house.read() as session:
        return package_view_of(session, show.row(session, Package, package_id))


def package_view_of(session: Session, package: Package) -> PackageView:
    files = session.execute(
        select(PackageFile.name, PackageFile.sha256, PackageFile.size)
        .where(PackageFile.package_id == package.id)
        .order_by(PackageFile.position)
    ).all()
    return PackageView(
        id=package.id,
        version_id=package.version_id,
        kind=package.kind,
        formats=list(package.choice["formats"]),
        file_name=package.file_name,
        size=package.size,
        sha256=package.sha256,
        files=[row._asdict() for row in files],
        too_large_for_fat32=any(row.size > FAT32_MOST for row in files),
        job=show.job_view(session, show.row(session, Job, package.job_id)),
        created_at=package.created_at,
        created_by=show.name_of(session, package.created_by),
    )


def packages_of(house: House, track_id: str) -> list[PackageView]:
    """Of all versions of a track, newest first."""
    with house.read() as session:
        return [
            package_view_of(session, package)
            for package in session.scalars(
                select(Package)
                .join(TrackVersion, TrackVersion.id == Package.version_id)
                .where(TrackVersion.track_id == track_id)
                .order_by(Package.created_at.desc(), Package.id)
            )
        ]


@dataclass(frozen=True)
class Archive:
    """A finished package as a ZIP, ready to be sent from any byte on."""

    name: str
    sha256: str
    size: int
    layout: ZipLayout

    def blocks(self, house: House, start: int, end: int) -> Iterator[bytes]:
        """The bytes [start, end) of the archive."""
        for piece in self.layout.pieces(start, end):
            if isinstance(piece, bytes):
                yield piece
            else:
                yield from house.blobs.stream(piece.sha256, piece.start, piece.end)


def package_archive(house: House, package_id: str) -> Archive:
    """Raises NotFound NOT_FOUND until it is finished, BLOB_MISSING when the store lost one of its files."""
    with house.read() as session:
        package = show.row(session, Package, package_id)
        if package.sha256 is None or package.size is None:
            raise NotFound("NOT_FOUND", "The package is not made yet.")
        lost = session.execute(
            select(PackageFile.name, Blob.state)
            .join(Blob, Blob.sha256 == PackageFile.sha256)
            .where(PackageFile.package_id == package_id, Blob.state != "present")
        ).first()
        if lost:
            raise NotFound(
                "BLOB_MISSING",
                f"A stored file of the package is {lost.state}.",
                where=lost.name,
                advice="An operator can restore it from the backup.",
            )
        entries = [
            Entry(file.name, file.sha256, file.size, file.crc32)
            for file in session.scalars(
                select(PackageFile)
                .where(PackageFile.package_id == package_id)
                .order_by(PackageFile.position)
            )
        ]
        layout = ZipLayout(entries, package.made)
        return Archive(package.file_name, package.sha256, package.size, layout)


# --- the work -------------------------------------------------------------------------------------


def run_package(house: House, claimed: Claimed, watch: Watch, work: Path) -> Settle:
    """Measure the films, write what belongs to them, and learn every checksum of the archive."""
    with house.read() as session:
        package = session.scalars(select(Package).where(Package.job_id == claimed.id)).one()
        version = show.row(session, TrackVersion, package.version_id)
        _refuse_unapproved(version)
    material = _material(house, package, part(watch, 0, 500))
    items = room_items(material) if package.kind == "room" else delivery_items(material)
    folder = package.file_name.removesuffix(".zip")
    entries, blobs = _entries(house, folder, items, part(watch, 500, 800))
    layout = ZipLayout(entries, package.made)
    archive = Archive(package.file_name, "", layout.size, layout)
    digest = hashlib.sha256()
    done = 0
    for block in archive.blocks(house, 0, layout.size):
        digest.update(block)
        done += len(block)
        watch(800 + done * 200 // layout.size, "Checking the package")

    def settle(session: Session) -> str:
        now = show.row(session, TrackVersion, package.version_id)
        session.refresh(now)
        _refuse_unapproved(now)
        for blob in blobs:
            remember_blob(session, blob.sha256, blob.size, "application/octet-stream")
        session.flush()
        session.add_all(
            PackageFile(
                package_id=package.id,
                position=position,
                name=entry.name,
                sha256=entry.sha256,
                size=entry.size,
                crc32=entry.crc32,
            )
            for position, entry in enumerate(entries)
        )
        session.execute(
            update(Package)
            .where(Package.id == package.id)
            .values(sha256=digest.hexdigest(), size=layout.size)
        )
        audit.note(session, None, "package.done", "package", package.id, output=digest.hexdigest())
        return package.id

    return settle


def _material(house: House, package: Package, watch: Watch) -> Material:
    """All that goes in, with the loudness of each film measured from its file."""
    with house.read() as session:
        version = show.row(session, TrackVersion, package.version_id)
        track = show.row(session, Track, version.track_id)
        film = show.row(session, Film, track.film_id)
        facts = known_film(session, film)
        cues = load_cues(house, version.document)
        roles: dict[str, str] = {
            row.role: row.sha256
            for row in session.scalars(select(FilmFile).where(FilmFile.film_id == film.id))
        }
        renders = _by_output(session, version, package.choice["renders"])
        verdict = show.row(session, Verdict, renders[0].verdict_id)
        approver = show.row(session, Person, verdict.reviewer_id).name
        findings = check_cues(house, session, track, cues)
        poster = session.get(Blob, roles["poster"]) if "poster" in roles else None
        sizes = {render.id: show.row(session, Blob, str(render.output)).size for render in renders}
        build = show.row(session, Build, verdict.build_id)
    films = []
    for number, render in enumerate(renders):
        step = part(watch, number * 1000 // len(renders), (number + 1) * 1000 // len(renders))
        path = house.blobs.existing(str(render.output))
        report = render.report or {}
        if package.kind == "room":
            _refuse_unplayable(path, render.file_name, step)
        films.append(
            FinishedFilm(
                name=render.file_name,
                file=Stored(str(render.output), sizes[render.id]),
                form=str(render.recipe["form"]),
                height=int(report.get("height", 0)),
                duration=int(report.get("duration", facts.duration)),
                manifest=json.loads(house.blobs.read(str(render.manifest))),
                loudness=_loudness(house, path, facts.duration, step)
                if report.get("has_sound", facts.has_sound)
                else None,
                dubbed=render.recipe.get("sounds", "original") != "original",
            )
        )
    return Material(
        title=film.name.rpartition(".")[0] or film.name,
        language=track.language,
        number=version.number,
        track_hash=version.track_hash,
        inputs={
            "film": film.original,
            "mezzanine": roles.get("mezzanine"),
            "sound": roles.get("sound"),
            "document": version.document,
            "build": build.output,
        },
        cues=cues,
        rate=facts.rate,
        duration=facts.duration,
        films=films,
        poster=Stored(poster.sha256, poster.size) if poster else None,
        approval={
            "verdict": verdict.verdict,
            "reviewer": {"id": verdict.reviewer_id, "name": approver},
            "at": verdict.created_at,
            "track_hash": verdict.track_hash,
            "film_hash": verdict.film_hash,
            "recipe_hash": verdict.recipe_hash,
            "build_hash": verdict.build_hash,
            "watched_permille": verdict.watched_permille,
        },
        approver=approver,
        approved=package.made,
        findings=findings,
        tools={name: installed(name) for name in ("terjime", "av", "imageio-ffmpeg")},
        formats=package.choice["formats"],
    )


def _by_output(session: Session, version: TrackVersion, outputs: list[str]) -> list[Render]:
    found = session.scalars(
        select(Render).where(Render.version_id == version.id, Render.output.in_(outputs))
    )
    by_output = {str(render.output): render for render in found}
    return [by_output[output] for output in outputs]


def _refuse_unplayable(path: Path, name: str, watch: Watch) -> None:
    """A training room plays in whatever browser there is."""
    facts = probe_film(path, name=name, watch=watch)
    for stream in facts.streams:
        known = {"video": ROOM_PICTURES, "audio": ROOM_SOUNDS}.get(stream.type, (stream.codec,))
        if stream.codec not in known:
            raise BadInput(
                "NOT_FOR_BROWSERS",
                f"Not every browser plays {stream.codec}, which {name} holds.",
                where=name,
                advice="Render the film burned in as H.264 and put that into the training room.",
            )


def _loudness(house: House, path: Path, duration: int, watch: Watch) -> Loudness:
    said = measure_file(path, duration=duration, watch=watch, ffmpeg=house.settings.ffmpeg)
    return Loudness(*(_finite(value) for value in (said.lufs, said.range_lu, said.true_peak_db)))


def _finite(value: float) -> float | None:
    """ebur128 says -70 LUFS or minus infinity of silence."""
    return value if math.isfinite(value) and value > -70 else None


def _entries(
    house: House, folder: str, items: Sequence[Item], watch: Watch
) -> tuple[list[Entry], list[Stored]]:
    """The archive's entries; small files are in the blob store then, stored ones were read and are whole."""
    everything = sum(body.size for _, body in items if isinstance(body, Stored)) or 1
    entries, written, done = [], [], 0
    for name, body in items:
        if isinstance(body, bytes):
            stored = Stored(*house.blobs.put_bytes(body))
            written.append(stored)
            crc = zlib.crc32(body)
        else:
            stored = body
            crc = _checked_crc(house, body, part(watch, *_share(done, body, everything)))
            done += body.size
        entries.append(Entry(f"{folder}/{name}", stored.sha256, stored.size, crc))
    return entries, written


def _share(done: int, body: Body, everything: int) -> tuple[int, int]:
    size = body.size if isinstance(body, Stored) else 0
    return done * 1000 // everything, (done + size) * 1000 // everything


def _checked_crc(house: House, file: Stored, watch: Watch) -> int:
    """CRC-32 of a stored file, which is read whole. Raises ToolFailed BLOB_DAMAGED if it is another."""
    crc, digest, done = 0, hashlib.sha256(), 0
    for block in house.blobs.stream(file.sha256, 0, file.size):
        crc = zlib.crc32(block, crc)
        digest.update(block)
        done += len(block)
        watch(done * 1000 // max(1, file.size), "Reading the films")
    if digest.hexdigest() != file.sha256:
        raise ToolFailed(
            "BLOB_DAMAGED",
            "A stored file is damaged.",
            where=file.sha256[:12],
            advice="An operator can restore it from the backup.",
        )
    return crc
