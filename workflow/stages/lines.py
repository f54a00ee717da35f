"""What people change in a dub: the words, times and take of a line, lines merged and split, and the mix.

Changes of lines are saves of the draft, merged with what others saved since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.dub.script import spoken_text
from workflow.errors import BadInput, Conflict, NotFound
from workflow.people import Actor
from workflow.stages.documents import load_cues
from workflow.stages.drafts import new_uid, save_draft
from workflow.stages.dubs import dub_row, known_stem, mix_settings
from workflow.stages.studio import DubView, dub_view
from workflow.store import audit
from workflow.store.database import in_whole
from workflow.store.house import House
from workflow.store.tables import Blob, DraftSave, Take
from workflow.timebase import Flicks
from workflow.tracks import limits, operations
from workflow.tracks.cues import Cue


@in_whole
def save_settings(
    house: House, actor: Actor, track_id: str, settings: Mapping[str, Any]
) -> DubView:
    """How the dub is mixed from now on; a build that was made before stays what it was. Raises as `mix_settings`."""
    mix = mix_settings(settings)
    with house.write() as session:
        dub = dub_row(session, track_id)
        dub.stem, dub.settings = known_stem(session, mix), mix.to_json()
        audit.note(
            session, actor.user_id, "dub.settings", "track", track_id, settings=mix.to_json()
        )
    return dub_view(house, track_id)


def change_line(
    house: House, actor: Actor, track_id: str, uid: str, changes: Mapping[str, Any], etag: str
) -> DubView:
    """Other words, times, speaker or take of one line, as a save of the draft.

    changes  some of speaker, on_screen, text, note, start, end, take (id; None: no take)

    Raises NotFound, BadInput, Conflict DRAFT_CHANGED when the same line was changed by somebody else.
    """
    told = dict(changes)
    with house.read() as session:
        dub_row(session, track_id)
        if "take" in told:
            told["take"] = _sound_of(session, track_id, uid, told["take"])

    def changed(cues: tuple[Cue, ...]) -> tuple[Cue, ...]:
        cue = _line(cues, uid)
        after = replace(cue, **told)
        _refuse_impossible(after)
        return tuple(after if other.uid == uid else other for other in cues)

    return _save(house, actor, track_id, etag, changed)


def _refuse_impossible(cue: Cue) -> None:
    if cue.start < 0 or cue.end <= cue.start:
        raise BadInput("LINE_TIMES", "A line ends after it begins.", where=cue.uid)
    limits.refuse_long_text(cue.text, where=cue.uid)


def _line(cues: Iterable[Cue], uid: str) -> Cue:
    for cue in cues:
        if cue.uid == uid:
            return cue
    raise NotFound("NO_SUCH_LINE", "The dub has no such line.", where=uid[:64])


def _sound_of(session: Session, track_id: str, uid: str, take_id: str | None) -> str:
    if take_id is None:
        return ""
    take = session.get(Take, take_id)
    if take is None or (take.track_id, take.line_uid) != (track_id, uid):
        raise NotFound("NO_SUCH_TAKE", "The line has no such take.", where=take_id[:64])
    if take.state != "accepted":
        raise BadInput(
            "TAKE_NOT_ACCEPTED",
            "This take was rejected."
            if take.state == "rejected"
            else "Nobody heard this take yet.",
            advice="Listen to it and accept it first.",
        )
    return take.sha256


def merge_lines(
    house: House, actor: Actor, track_id: str, uids: Sequence[str], etag: str
) -> DubView:
    """Lines that follow one another as one, which has still to be recorded. Raises BadInput MERGE, TWO_SPEAKERS.

    Takes of all of them stay listed with the one that is left.
    """

    def merged(cues: tuple[Cue, ...]) -> tuple[Cue, ...]:
        speakers = {cue.speaker for cue in cues if cue.uid in uids and cue.speaker}
        if len(speakers) > 1:
            raise BadInput(
                "TWO_SPEAKERS",
                f"One line is not spoken by two: {', '.join(sorted(speakers))}.",
                advice="Nothing was changed. Give both lines the same speaker first.",
            )
        after = operations.merge(cues, uids, separator=" ")
        left = next(cue.uid for cue in after if cue.uid in uids)
        _remember_merged(house, track_id, {uid: left for uid in uids if uid != left})
        return tuple(
            replace(cue, take="", text=spoken_text(cue.text)) if cue.uid in uids else cue
            for cue in after
        )

    return _save(house, actor, track_id, etag, merged)


@in_whole
def _remember_merged(house: House, track_id: str, gone: Mapping[str, str]) -> None:
    """Before the save, not after it: while a line is there nobody asks where it went."""
    with house.write() as session:
        dub = dub_row(session, track_id)
        dub.merged = {**dub.merged, **gone}


def split_line(
    house: House,
    actor: Actor,
    track_id: str,
    uid: str,
    *,
    at_character: int,
    at_time: Flicks,
    etag: str,
) -> DubView:
    """One line as two, which have still to be recorded. Raises BadInput SPLIT."""
    second = new_uid()

    def parted(cues: tuple[Cue, ...]) -> tuple[Cue, ...]:
        after = operations.split(
            cues, uid, at_character=at_character, at_time=at_time, new_uid=second
        )
        return tuple(replace(cue, take="") if cue.uid in (uid, second) else cue for cue in after)

    return _save(house, actor, track_id, etag, parted)


def undo_change(house: House, actor: Actor, track_id: str, before: str, after: str) -> DubView:
    """What was changed from one state of the draft to another, taken back; what others changed since stays.

    before, after  etags; the other way round it is a redo

    Raises Conflict DRAFT_CHANGED where somebody changed the same lines since.
    """
    with house.read() as session:
        dub_row(session, track_id)
        known = set(
            session.scalars(
                select(DraftSave.document).where(
                    DraftSave.track_id == track_id, DraftSave.document.in_((before, after))
                )
            )
        )
    if known != {before, after}:
        raise _unknown_state()
    save_draft(house, actor, track_id, after, load_cues(house, before))
    return dub_view(house, track_id)


def _unknown_state() -> Conflict:
    return Conflict(
        "DRAFT_CHANGED",
        "This state of the draft is not known.",
        advice="Load the newer state.",
        details={"conflicts": []},
    )


def _save(
    house: House,
    actor: Actor,
    track_id: str,
    etag: str,
    change: Callable[[tuple[Cue, ...]], tuple[Cue, ...]],
) -> DubView:
    """*change* of what the person saw, merged with what others saved since."""
    with house.read() as session:
        dub_row(session, track_id)
        seen = session.get(Blob, etag)
    if seen is None:
        raise _unknown_state()
    save_draft(house, actor, track_id, etag, change(load_cues(house, etag)))
    return dub_view(house, track_id)
