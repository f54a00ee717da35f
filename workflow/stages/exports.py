"""A draft or version in every format that is written, with what each cannot hold."""

from __future__ import annotations

from dataclasses import dataclass

from workflow.errors import BadInput
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.reference import reference_of, sources_beside
from workflow.store.house import House
from workflow.store.tables import Draft, Film, Track, TrackVersion
from workflow.tracks import formats as file_formats
from workflow.tracks.formats import format_named, write_subtitles
from workflow.tracks.workbook import with_draft_named


@dataclass(frozen=True)
class FormatView:
    """keeps   what of a cue has a place in it besides times and words
    frames  whether it counts frames"""

    name: str
    extension: str
    keeps: list[str]
    frames: bool


@dataclass(frozen=True)
class ExportView:
    """A file that is written and was read back; `losses` are {code, message, where}."""

    format: str
    file_name: str
    media_type: str
    size: int
    cues: int
    losses: list[dict[str, str]]
    etag: str  # the document that it was made from


def formats() -> list[FormatView]:
    """What can be written, the everyday ones first."""
    everyday = {name: i for i, name in enumerate(("srt", "vtt", "xlsx", "stl", "ttml"))}
    return [
        FormatView(known.name, known.extension, sorted(known.keeps), known.grid is None)
        for known in sorted(file_formats.WRITABLE, key=lambda f: (everyday.get(f.name, 99), f.name))
    ]


def export(
    house: House, object_id: str, format_name: str, *, frame_rate: str | None = None
) -> tuple[ExportView, bytes]:
    """A track's draft, or a version, as a file; read back by a second reader before anybody gets it.

    frame_rate    for formats that count frames, where it is not the film's: "25"

    A script (XLSX, CSV, DOCX, XLIFF, TMX) has the film's reference track beside it; a workbook also names the
    draft that it was made from, so that taking it back finds what was saved since.
    Raises NotFound, BadInput FORMAT, FRAME_RATE, LETTERS, NO_CUES; ToolFailed EXPORT_DIFFERS.
    """
    known = format_named(format_name)
    with house.read() as session:
        version = session.get(TrackVersion, object_id)
        track = show.row(session, Track, version.track_id if version else object_id)
        document = version.document if version else show.row(session, Draft, track.id).document
        film = show.row(session, Film, track.film_id)
        rate = show.written_rate(frame_rate) or show.rate_of(film)
        source, source_language = reference_of(house, session, track)
        language, title = track.language, film.name
    cues = load_cues(house, document)
    if not cues:
        raise BadInput("NO_CUES", "The track has no cues to write.")
    beside = sources_beside(cues, source, language) if source else ()
    made = write_subtitles(
        cues,
        known.name,
        language=language,
        frame_rate=rate,
        sources=beside,
        source_language=source_language or "en",
        title=title,
    )
    data = with_draft_named(made.data, document) if known.name == "xlsx" else made.data
    part = f".v{version.number}" if version else ""
    stem = title.rpartition(".")[0] or title
    view = ExportView(
        format=known.name,
        file_name=f"{show.one_line(stem, 80)}.{language}{part}{made.extension}",
        media_type=made.media_type,
        size=len(data),
        cues=len(cues),
        losses=[loss.to_json() for loss in made.losses],
        etag=document,
    )
    return view, data
