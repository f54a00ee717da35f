"""What people say of takes: accepted, rejected, moved, remarked on.

A take whose edges are moved is a new take, and the old one stays. What a person said of a located take is kept
as an example to refit the confidence with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflow.dub.film import FLICKS_PER_SAMPLE
from workflow.dub.sound import (
    RATE,
    stretch_of,
)
from workflow.errors import BadInput
from workflow.people import Actor
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.drafts import draft_row
from workflow.stages.sounds import (
    LONGEST_STRETCH,
    publish_take,
)
from workflow.stages.studio import DubView, dub_view
from workflow.stages.takes import SHORTEST, choose_takes
from workflow.store import audit
from workflow.store.database import in_whole
from workflow.store.house import House, remember_blob
from workflow.store.tables import Recording, Take, TakeLabel, new_id
from workflow.timebase import FLICKS_PER_SECOND, Flicks


def judge_take(
    house: House,
    actor: Actor,
    take_id: str,
    verdict: str,
    *,
    start: Flicks | None = None,
    end: Flicks | None = None,
    choose: bool | None = None,
) -> DubView:
    """A person heard a take: accepted, rejected, moved to other edges, or to_confirm: the last word taken back.

    start, end  of a moved take: flicks of its recording
    choose      have the line heard with it; None: if it has no take yet

    A moved take is a new one; the old one is rejected. Raises NotFound; BadInput VERDICT, TAKE_LENGTH.
    """
    if verdict not in ("accepted", "rejected", "moved", "to_confirm"):
        raise BadInput("VERDICT", "A take is accepted, rejected, moved or to_confirm.")
    with house.read() as session:
        take = show.row(session, Take, take_id)
        track_id, line = take.track_id, take.line_uid
        recording = show.row(session, Recording, take.recording_id)
        source, seconds = recording.sha256, recording.seconds
    moved: tuple[str, int, str] | None = None
    edges = (0, 0)
    if verdict == "moved":
        edges = _edges(start, end, seconds)
        sound = stretch_of(
            house.blobs.existing(source), edges[0] / FLICKS_PER_SECOND, edges[1] / FLICKS_PER_SECOND
        )
        edges = (edges[0], edges[0] + len(sound) * FLICKS_PER_SAMPLE)
        if len(sound) < SHORTEST:
            raise _take_length(seconds)
        moved = publish_take(house, sound)
    heard, silenced = _judge(house, actor, take_id, verdict, edges, moved)
    with house.read() as session:
        cue = next(
            (c for c in load_cues(house, draft_row(session, track_id).document) if c.uid == line),
            None,
        )
    if cue is not None:
        was_heard = cue.take in silenced
        if heard and (choose or was_heard or (choose is None and not cue.take)):
            choose_takes(house, actor, track_id, {line: heard})
        elif was_heard:
            choose_takes(house, actor, track_id, {line: ""})
    return dub_view(house, track_id)


def _edges(start: Flicks | None, end: Flicks | None, seconds: float) -> tuple[Flicks, Flicks]:
    """Whole samples. Raises BadInput TAKE_LENGTH."""
    if start is None or end is None or not 0 <= start < end:
        raise _take_length(seconds)
    if end > (seconds + 0.1) * FLICKS_PER_SECOND or end - start > LONGEST_STRETCH:
        raise _take_length(seconds)
    first = start // FLICKS_PER_SAMPLE
    return first * FLICKS_PER_SAMPLE, -(-end // FLICKS_PER_SAMPLE) * FLICKS_PER_SAMPLE


def _take_length(seconds: float) -> BadInput:
    return BadInput(
        "TAKE_LENGTH",
        f"A take is at least {SHORTEST / RATE} s of its recording, which has {seconds:.3f} s.",
        advice="Set its start and end within the recording.",
    )


@in_whole
def _judge(
    house: House,
    actor: Actor,
    take_id: str,
    verdict: str,
    edges: tuple[Flicks, Flicks],
    moved: tuple[str, int, str] | None,
) -> tuple[str, frozenset[str]]:
    """The sound that may be heard now ("" for none), and those that may not be any more."""
    with house.write() as session:
        take = show.row(session, Take, take_id)
        heard, silenced = "", frozenset({take.sha256})
        label = {"to_confirm": "undone"}.get(verdict, verdict)
        told = edges if verdict == "moved" else (take.start, take.end)
        if take.confidence is not None:
            session.add(
                TakeLabel(
                    take_id=take.id,
                    verdict=label,
                    start=told[0],
                    end=told[1],
                    person_id=actor.user_id,
                )
            )
        if verdict == "accepted":
            take.state, heard, silenced = "accepted", take.sha256, frozenset()
        elif verdict == "moved" and moved is not None:
            remember_blob(session, *moved)
            take.state, heard = "rejected", moved[0]
            session.add(_moved_from(take, moved[0], edges, actor))
        else:
            take.state = "rejected" if verdict == "rejected" else "to_confirm"
            silenced |= _undo_moves(session, take)
        audit.note(session, actor.user_id, "take.judge", "take", take.id, verdict=verdict)
        session.flush()
        return heard, silenced


def _moved_from(take: Take, sha256: str, edges: tuple[Flicks, Flicks], actor: Actor) -> Take:
    return Take(
        id=new_id(),
        track_id=take.track_id,
        line_uid=take.line_uid,
        text_hash=take.text_hash,
        recording_id=take.recording_id,
        sha256=sha256,
        start=edges[0],
        end=edges[1],
        confidence=None,
        flags=[],
        evidence={"moved_from": take.id},
        state="accepted",
        missing_samples=take.missing_samples,
        latency_samples=take.latency_samples,
        comment=take.comment,
        created_by=actor.user_id,
    )


def _undo_moves(session: Session, take: Take) -> frozenset[str]:
    """Takes that were made by moving *take* go with it."""
    gone = set()
    for other in session.scalars(select(Take).where(Take.recording_id == take.recording_id)):
        if (other.evidence or {}).get("moved_from") == take.id:
            other.state = "rejected"
            gone.add(other.sha256)
    return frozenset(gone)


@in_whole
def comment_take(house: House, actor: Actor, take_id: str, comment: str) -> DubView:
    with house.write() as session:
        take = show.row(session, Take, take_id)
        take.comment = show.paragraph(comment, 1000, "COMMENT")
        audit.note(session, actor.user_id, "take.comment", "take", take.id)
        track_id = take.track_id
    return dub_view(house, track_id)


def labels(house: House) -> Iterator[dict[str, Any]]:
    """The latest word of people on each located take, with what was measured of it: examples for a refit."""
    with house.read() as session:
        rows = session.execute(
            select(TakeLabel, Take)
            .join(Take, Take.id == TakeLabel.take_id)
            .order_by(TakeLabel.created_at, TakeLabel.id)
        )
        latest = {take.id: (label, take) for label, take in rows}
        for label, take in latest.values():
            if label.verdict != "undone":
                yield {
                    "take": take.id,
                    "recording": take.recording_id,
                    "line": take.line_uid,
                    "verdict": label.verdict,
                    "start": label.start,
                    "end": label.end,
                    "located": {"start": take.start, "end": take.end},
                    "confidence": take.confidence,
                    "flags": take.flags,
                    "evidence": take.evidence,
                    "at": label.created_at,
                }
