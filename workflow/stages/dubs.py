"""A dub: a track whose cues are lines to be heard. Made from a subtitle track, and mixed by its settings.

Draft, history, submission, review and approval are those of every track. Here is what only a dub has; how far
every line is says `studio.py`, and `lines.py` changes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.dub.film import FLICKS_PER_SAMPLE
from workflow.dub.fit import Mode, Placement, place_lines
from workflow.dub.mix import STYLES
from workflow.dub.script import DubLine, dub_lines, spoken_text
from workflow.errors import BadInput, NotFound
from workflow.people import Actor
from workflow.render.recipe import MixSettings
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.drafts import document_of, draft_row, new_uid
from workflow.stages.tracks import record_track
from workflow.store import audit
from workflow.store.house import House
from workflow.store.tables import Blob, Dub, Film, Recording, Take, Track, new_id
from workflow.timebase import Flicks
from workflow.tracks.cues import Cue, in_order, sha256


@dataclass(frozen=True)
class CreatedDub:
    track: str


def create_dub(
    house: House,
    actor: Actor,
    film_id: str,
    track_id: str,
    *,
    merge: bool = False,
    settings: Mapping[str, Any] | None = None,
    title: str = "",
) -> CreatedDub:
    """A dub of the film, its lines those of a subtitle track: of its newest version, else of its draft.

    merge  a sentence that runs over several cues becomes one line

    Raises NotFound; BadInput KIND, SCRIPT_EMPTY, STEM_MISSING, RECIPE.
    """
    mix = mix_settings(settings or {})
    with house.read() as session:
        source = show.row(session, Track, track_id)
        if source.film_id != film_id:
            raise NotFound("NOT_FOUND", "The film has no such track.")
        if source.kind != "subtitle":
            raise BadInput("KIND", "The lines of a dub are made from a subtitle track.")
        film_hash = show.row(session, Film, film_id).original
        version = show.latest_version(session, track_id)
        script = version.document if version else draft_row(session, track_id).document
        language, name = source.language, source.title
    cues = lines_from(load_cues(house, script), merge=merge)
    blob = house.blobs.put_bytes(document_of(language, film_hash, cues))
    new = Track(
        id=new_id(),
        film_id=film_id,
        kind="dub",
        language=language,
        title=show.one_line(title or name, 120),
        created_by=actor.user_id,
    )

    def also(session: Session) -> None:
        session.add(
            Dub(
                track_id=new.id,
                source_track_id=track_id,
                source_document=script,
                settings=mix.to_json(),
                stem=known_stem(session, mix),
            )
        )
        session.flush()
        audit.note(session, actor.user_id, "dub.create", "track", new.id, source=track_id)

    report = {"name": name, "format": "dub", "cues": len(cues)}
    return CreatedDub(record_track(house, actor, film_id, new, blob, cues, report, also=also))


def lines_from(cues: Sequence[Cue], *, merge: bool = False) -> tuple[Cue, ...]:
    """Dub lines as cues, of what is spoken in subtitle cues. Raises BadInput SCRIPT_EMPTY."""
    return in_order(
        Cue(new_uid(), line.start, line.end, line.text, line.speaker)
        for line in dub_lines(cues, merge=merge)
        if line.syllables
    )


def mix_settings(body: Mapping[str, Any]) -> MixSettings:
    """Raises BadInput RECIPE, STEM_MISSING."""
    mix = MixSettings.from_json({k: v for k, v in body.items() if v is not None})
    if mix.mode == "full" and not mix.stem:
        raise BadInput(
            "STEM_MISSING",
            "A full dub needs the film's music and effects without voices.",
            advice="Upload the M&E stem first, or choose a voice-over.",
        )
    return mix


def known_stem(session: Session, mix: MixSettings) -> str | None:
    if mix.stem and session.get(Blob, mix.stem) is None:
        raise NotFound("NOT_FOUND", "There is no such stem.", where="stem")
    return mix.stem or None


def dub_row(session: Session, track_id: str) -> Dub:
    """Raises NotFound, BadInput KIND where the track is no dub."""
    track = show.row(session, Track, track_id)
    found = session.get(Dub, track_id)
    if track.kind != "dub" or found is None:
        raise BadInput("KIND", "This track is no dub.", advice="Open it in the subtitle editor.")
    return found


def carry_dub(session: Session, old_id: str, new_id_: str) -> None:
    """What was recorded for one cut belongs to the dub of another: the same files, in rows of its own."""
    dub = session.get_one(Dub, old_id)
    session.add(
        Dub(
            track_id=new_id_,
            source_track_id=dub.source_track_id,
            source_document=dub.source_document,
            settings=dub.settings,
            stem=dub.stem,
            merged=dub.merged,
        )
    )
    recordings = {}
    for row in session.scalars(select(Recording).where(Recording.track_id == old_id)):
        recordings[row.id] = new_id()
        session.add(Recording(**_values(row) | {"id": recordings[row.id], "track_id": new_id_}))
    session.flush()
    for take in session.scalars(select(Take).where(Take.track_id == old_id)):
        own = {"id": new_id(), "track_id": new_id_, "recording_id": recordings[take.recording_id]}
        session.add(Take(**_values(take) | own))
    session.flush()


def _values(row: Recording | Take) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in type(row).__table__.columns}


def text_hash(text: str) -> str:
    """Of what is said: a take is stale when its line says something else by now."""
    return sha256(spoken_text(text).encode())


def samples_in(take: Take) -> int:
    """At 48 kHz, of the take's own sound."""
    return (take.end - take.start) // FLICKS_PER_SAMPLE


def as_lines(cues: Iterable[Cue]) -> tuple[DubLine, ...]:
    """The cues of a dub as lines to place: numbered from 1."""
    return tuple(
        DubLine(
            number,
            (cue.uid,),
            cue.speaker,
            spoken_text(cue.text),
            cue.start,
            cue.end,
            cue.on_screen,
        )
        for number, cue in enumerate(in_order(cues), start=1)
    )


def placed(
    lines: Sequence[DubLine],
    lengths: Sequence[int | None],
    mix: MixSettings,
    duration: Flicks | None,
) -> tuple[Placement, ...]:
    """Where the lines are heard with these settings in a film of *duration*: never after it."""
    mode, lead = cast("Mode", mix.mode), STYLES[mix.style].lead_samples
    until = None if duration is None else duration // FLICKS_PER_SAMPLE
    places = place_lines(lines, lengths, mode=mode, lead=lead, until=until)
    return tuple(
        Placement(p.number, "too_long", ratio=p.ratio, cut=max(1, p.cut))
        if p.in_mix and until is not None and p.end > until
        else p
        for p in places
    )
