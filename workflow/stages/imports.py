"""A subtitle file read in: a new track of a film, or other cues in place of a draft's.

What only a person knows of a file is said beforehand (`Reading`) or asked while it waits (`received.py`); what it
changes in a draft is worked out in `merging.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from workflow.errors import BadInput
from workflow.people import Actor
from workflow.stages import show
from workflow.stages.drafts import document_of, draft_changed, new_uid, save_as
from workflow.stages.encodings import refuse_unsure
from workflow.stages.merging import difference
from workflow.stages.tracks import record_track, track_view
from workflow.stages.views import TrackView
from workflow.store.house import House
from workflow.store.tables import Film, Track, new_id
from workflow.tracks.cues import Cue
from workflow.tracks.formats import Imported, read_subtitles
from workflow.tracks.table_heads import with_heads

KINDS = ("subtitle", "reference")


@dataclass(frozen=True)
class Reading:
    """What a person said about a file. None: judged from the file, or the film's.

    columns    what each column of a table is, in order (`table_heads.ROLES`); () as found
    """

    encoding: str | None = None
    frame_rate: Fraction | None = None
    columns: tuple[str, ...] = ()


def import_track(
    house: House,
    actor: Actor,
    film_id: str,
    data: bytes,
    *,
    name: str,
    language: str,
    kind: str = "subtitle",
    title: str = "",
    encoding: str | None = None,
    frame_rate: str | None = None,
    columns: Sequence[str] = (),
) -> TrackView:
    """A new track of the film, its draft holding the cues of a subtitle file.

    kind         "subtitle", or "reference" for a source-language track that others are aligned to
    frame_rate   that the file counts in, where it is not the film's: "25", "24000/1001"
    columns      what each column of a table is (`table_heads.ROLES`)

    Raises BadInput KIND, LANGUAGE, ENCODING_UNSURE (details have previews: send it again with the right
    encoding), COLUMNS and whatever `read_subtitles` raises.
    """
    refuse_kind(kind)
    tag = show.language_tag(language)
    with house.read() as session:
        film_rate = show.rate_of(show.row(session, Film, film_id))
    said = Reading(encoding or None, show.written_rate(frame_rate), tuple(columns))
    imported = _read_surely(data, said, film_rate, tag)
    return new_track(house, actor, film_id, imported, kind, tag, title or name, name)


def import_into_track(
    house: House,
    actor: Actor,
    track_id: str,
    data: bytes,
    *,
    name: str,
    encoding: str | None = None,
    frame_rate: str | None = None,
    columns: Sequence[str] = (),
    clashes: str = "draft",
    if_match: str,
) -> TrackView:
    """Another file in place of the draft's cues; cues that are the same keep their uid, notes and speaker,
    and whatever the file's format cannot hold.

    A workbook that says which draft it was made from is merged with what was saved since. Where both changed
    the same, *clashes* decides: "draft" keeps what is there, "file" takes the file's.
    Raises Conflict DRAFT_CHANGED when the draft is not the one named by *if_match*, BadInput ENCODING_UNSURE.
    """
    if clashes not in ("draft", "file"):
        raise BadInput("CLASHES", "Clashes are settled by draft or file.", where="clashes")
    language, film_rate = language_and_rate(house, track_id)
    said = Reading(encoding or None, show.written_rate(frame_rate), tuple(columns))
    imported = _read_surely(data, said, film_rate, language)
    take_into(house, actor, track_id, data, imported, name, clashes, if_match)
    return track_view(house, track_id, actor)


def _read_surely(data: bytes, said: Reading, film_rate: Fraction | None, language: str) -> Imported:
    """As `read_file`, where nobody is there to be asked."""
    imported = read_file(data, said, film_rate, language)
    if said == Reading(frame_rate=said.frame_rate):
        refuse_unsure(data, imported, said.frame_rate or film_rate)
    return imported


def read_file(data: bytes, said: Reading, film_rate: Fraction | None, language: str) -> Imported:
    """The cues of a file; a table is read under the heads that a person gave."""
    encoding = said.encoding
    if said.columns:
        data, encoding = with_heads(data, said.columns, said.encoding), "utf-8"
    return read_subtitles(
        data,
        encoding=encoding,
        frame_rate=said.frame_rate or film_rate,
        language=language,
        uid=new_uid,
    )


def refuse_kind(kind: str) -> None:
    if kind not in KINDS:
        raise BadInput("KIND", f"There is no kind of track called {kind[:40]!r}.")


def language_and_rate(house: House, track_id: str) -> tuple[str, Fraction | None]:
    with house.read() as session:
        track = show.row(session, Track, track_id)
        return track.language, show.rate_of(show.row(session, Film, track.film_id))


def new_track(
    house: House,
    actor: Actor,
    film_id: str,
    imported: Imported,
    kind: str,
    language: str,
    title: str,
    name: str,
) -> TrackView:
    with house.read() as session:
        film_hash = show.row(session, Film, film_id).original
    sha256, size = house.blobs.put_bytes(document_of(language, film_hash, imported.cues))
    track_id = record_track(
        house,
        actor,
        film_id,
        Track(
            id=new_id(),
            film_id=film_id,
            kind=kind,
            language=language,
            title=show.one_line(title, 120),
            created_by=actor.user_id,
        ),
        (sha256, size),
        imported.cues,
        _report(imported, name),
    )
    return track_view(house, track_id, actor)


def take_into(
    house: House,
    actor: Actor,
    track_id: str,
    data: bytes,
    imported: Imported,
    name: str,
    clashes: str,
    if_match: str,
) -> None:
    def change(current: tuple[Cue, ...], etag: str) -> tuple[tuple[Cue, ...], str, int]:
        if etag != if_match:
            raise draft_changed(etag)
        found = difference(house, track_id, etag, current, data, imported)
        return (found.mine if clashes == "file" else found.cues), "import", 0

    save_as(house, actor, track_id, change, report=_report(imported, name), always=True)


def _report(imported: Imported, name: str) -> dict[str, Any]:
    return imported.report.to_json() | {"name": show.one_line(name, 255)}
