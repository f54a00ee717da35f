"""A file against the draft that it is taken into: what a person edited in it, and what others saved since.

The base is the draft that the file was made from, where it says so: what differs from that is the person's, and
is merged cue by cue with what the draft holds by now. Nothing is saved here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from workflow.errors import TerjimeError
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.drafts import new_uid
from workflow.stages.reference import reference_of, sources_beside
from workflow.store.house import House
from workflow.store.tables import DraftSave, Film, Track
from workflow.tracks import formats as file_formats
from workflow.tracks.compare import carry_uids, diff, merge
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.formats import Imported, read_subtitles, source_hash, write_subtitles
from workflow.tracks.workbook import draft_named_in


@dataclass(frozen=True)
class Difference:
    """What taking a file into a draft would do.

    cues         the draft as it would be, clashes as *theirs* (the draft) has them
    mine         the same, clashes as the file has them
    changes      against the draft as it is now: CueChange.to_json()
    clashes      cues that the file and the draft changed since the file was written: {uid, base, mine, theirs}
    based_on     "draft" (what is there now), "older" (a save that the file names) or "" (nothing in it says)
    new_sources  numbers of cues whose source text was another when the file was written
    """

    cues: tuple[Cue, ...]
    mine: tuple[Cue, ...]
    changes: list[dict[str, Any]]
    clashes: list[dict[str, Any]]
    based_on: str
    new_sources: list[int]


def difference(
    house: House,
    track_id: str,
    etag: str,
    current: tuple[Cue, ...],
    data: bytes,
    imported: Imported,
) -> Difference:
    """The person's edits are what differs from the file as it was given to them: their base, written in the
    same format and read back. So a format that rounds times or has no notes takes nothing away."""
    named = draft_named_in(data)
    with house.read() as session:
        track = show.row(session, Track, track_id)
        rate = show.rate_of(show.row(session, Film, track.film_id))
        known = session.scalars(
            select(DraftSave.document).where(
                DraftSave.track_id == track_id, DraftSave.document == named
            )
        ).first()
        source, _ = reference_of(house, session, track)
    base = in_order(load_cues(house, known)) if known else current
    mine = _edited(base, imported, rate, track.language)
    merged = merge(base, mine, current)
    theirs = {clash.uid: clash.theirs for clash in merged.conflicts}
    kept = (theirs.get(cue.uid, cue) for cue in merged.cues)
    cues = in_order(cue for cue in kept if cue is not None)
    there = {cue.uid for cue in cues}
    back = [cue for uid, cue in theirs.items() if cue is not None and uid not in there]
    cues = in_order([*cues, *back])
    return Difference(
        cues=cues,
        mine=in_order(merged.cues),
        changes=[change.to_json() for change in diff(current, cues)],
        clashes=[clash.to_json() for clash in merged.conflicts],
        based_on="" if not known else "draft" if known == etag else "older",
        new_sources=_moved_sources(cues, source, imported.source_hashes, track.language),
    )


def _edited(
    base: tuple[Cue, ...], imported: Imported, rate: Fraction | None, language: str
) -> tuple[Cue, ...]:
    """*base* with the edits that a person made in the file."""
    unedited = _as_given_out(base, imported.report.format, rate, language)
    shown = {cue.uid: cue for cue in unedited}
    was = {cue.uid: cue for cue in base}
    return in_order(
        _kept(was[cue.uid], shown[cue.uid], cue) if cue.uid in shown else cue
        for cue in carry_uids(unedited, imported.cues)
    )


def _kept(was: Cue, shown: Cue, cue: Cue) -> Cue:
    """*cue* with every part that is as it was shown put back to what it was."""
    return replace(
        cue,
        start=was.start if cue.start == shown.start else cue.start,
        end=was.end if cue.end == shown.end else cue.end,
        text=was.text if cue.text == shown.text else cue.text,
        speaker=was.speaker if cue.speaker == shown.speaker else cue.speaker,
        note=was.note if cue.note == shown.note else cue.note,
        position=was.position if cue.position == shown.position else cue.position,
    )


def _as_given_out(
    base: tuple[Cue, ...], format_name: str, rate: Fraction | None, language: str
) -> tuple[Cue, ...]:
    """*base* as a file of that format would show it, under its own uids; *base* itself where that is unknown."""
    if not base or format_name not in {known.name for known in file_formats.WRITABLE}:
        return base
    try:
        written = write_subtitles(base, format_name, language=language, frame_rate=rate)
        shown = read_subtitles(
            written.data, frame_rate=rate, encoding=None, language=language, uid=new_uid
        ).cues
    except TerjimeError:
        return base  # it could never have been given out so
    if len(shown) != len(base):
        return base
    return tuple(replace(cue, uid=old.uid) for old, cue in zip(in_order(base), shown, strict=True))


def _moved_sources(
    cues: Sequence[Cue], source: Sequence[Cue], hashes: Mapping[str, str], language: str
) -> list[int]:
    if not hashes or not source:
        return []
    now = sources_beside(cues, source, language)
    return [
        number
        for number, (cue, text) in enumerate(zip(cues, now, strict=True), start=1)
        if cue.uid in hashes and hashes[cue.uid] != source_hash(text)
    ]
