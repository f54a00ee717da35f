"""Proposals: a person takes new times by the segment or by the cue, leaves them, and takes either back.

What was decided stands in the history of the draft, one line for each decision, and is read from there: an
accepted segment is a save with new times, a rejected one a save that looks the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from workflow.errors import BadInput, Conflict
from workflow.people import Actor
from workflow.stages import show
from workflow.stages.documents import load_cues
from workflow.stages.drafts import draft, draft_row, note_in_history, save_as
from workflow.stages.versions import locked_track
from workflow.stages.views import DraftView, ProposalView
from workflow.store import audit
from workflow.store.database import in_whole, rows_changed
from workflow.store.house import House
from workflow.store.tables import DraftSave, Proposal, now_ms
from workflow.tracks.cues import Cue

Verdict = Literal["accept", "reject"]

#: What a line of the history is called → what it did to the cues it names.
_DID = {"align": "accepted", "reject": "rejected"}


@dataclass(frozen=True)
class _Decision:
    """One line of the history that still holds."""

    revision: int
    did: str  # accepted | rejected
    uids: frozenset[str]


def proposal_view(house: House, proposal_id: str) -> ProposalView:
    with house.read() as session:
        return proposal_in(house, session, show.row(session, Proposal, proposal_id))


def proposal_in(house: House, session: Session, proposal: Proposal) -> ProposalView:
    body = json.loads(house.blobs.read(proposal.alignment))
    base = {cue.uid: cue for cue in load_cues(house, proposal.base_document)}
    held = _decisions(session, proposal, body["cues"])
    decided = {uid: decision.did for decision in held for uid in decision.uids}
    cues = [
        retimed
        | {
            "text": base[retimed["uid"]].text,
            "old_start": base[retimed["uid"]].start,
            "old_end": base[retimed["uid"]].end,
            "changed": (base[retimed["uid"]].start, base[retimed["uid"]].end)
            != (retimed["start"], retimed["end"]),
            "decision": decided.get(retimed["uid"], ""),
        }
        for retimed in body["cues"]
    ]
    ours = {proposal.base_document} | _documents(session, proposal)
    return ProposalView(
        id=proposal.id,
        track_id=proposal.track_id,
        state=proposal.state,
        reference=proposal.reference,
        draft_moved=draft_row(session, proposal.track_id).document not in ours,
        confidence=body["confidence"],
        related=body["related"],
        method=body["method"],
        segments=[
            segment | {"decision": _of_all(c["decision"] for c in cues if c["segment"] == number)}
            for number, segment in enumerate(body["segments"])
        ],
        statistics={
            "marked": body["marked"],
            "before": body["before"],
            "after": body["after"],
            "changed": sum(cue["changed"] for cue in cues),
            "cues": len(cues),
            "accepted": sum(cue["decision"] == "accepted" for cue in cues),
            "rejected": sum(cue["decision"] == "rejected" for cue in cues),
        },
        cues=cues,
        created_at=proposal.created_at,
        can_undo=bool(held),
    )


def _of_all(decisions: Iterable[str]) -> str:
    """What was decided on all cues of a segment, "partly" where that differs, "" for nothing yet."""
    several = set(decisions)
    return several.pop() if len(several) == 1 else "partly" if several else ""


def _lines(session: Session, proposal: Proposal) -> list[DraftSave]:
    """The lines of the draft's history that are about this proposal, oldest first."""
    saves = session.scalars(
        select(DraftSave)
        .where(DraftSave.track_id == proposal.track_id, DraftSave.what.in_([*_DID, "undo"]))
        .order_by(DraftSave.revision)
    )
    return [save for save in saves if (save.report or {}).get("proposal") == proposal.id]


def _documents(session: Session, proposal: Proposal) -> set[str]:
    return {save.document for save in _lines(session, proposal)}


def _decisions(
    session: Session, proposal: Proposal, cues: Sequence[dict[str, Any]]
) -> list[_Decision]:
    """The decisions that nobody took back, oldest first."""
    held: list[_Decision] = []
    for save in _lines(session, proposal):
        told = save.report or {}
        if save.what == "undo":
            held = [] if told.get("afresh") else held[:-1]
            continue
        segments = {number - 1 for number in told.get("segments", ())}
        uids = set(told.get("uids", ()))
        uids |= {cue["uid"] for cue in cues if cue["segment"] in segments or told.get("all")}
        held.append(_Decision(save.revision, _DID[save.what], frozenset(uids)))
    return held


def decide_proposal(
    house: House,
    actor: Actor,
    proposal_id: str,
    verdict: Verdict,
    *,
    segments: Sequence[int] = (),
    uids: Sequence[str] | Literal["all"] = (),
    over: bool = False,
) -> ProposalView:
    """Take the new times of some segments (numbered from 1) and cues into the draft, or leave theirs.

    uids  "all": of every cue that nothing was decided on yet
    over  nothing more will be decided; it is over too when every cue was decided on

    Texts, notes and comments stay as they are now. Raises Conflict PROPOSAL_DECIDED; BadInput NO_SUCH_CUES,
    NO_SUCH_SEGMENT.
    """
    proposal = proposal_view(house, proposal_id)
    if unknown := [n for n in segments if not 1 <= n <= len(proposal.segments)]:
        raise BadInput("NO_SUCH_SEGMENT", f"The proposal has no segment {unknown[0]}.")
    named = {
        cue["uid"]: (cue["start"], cue["end"])
        for cue in proposal.cues
        if (uids == "all" and not cue["decision"])
        or cue["uid"] in uids
        or cue["segment"] + 1 in segments
    }
    if not named and proposal.state == "open":
        raise BadInput("NO_SUCH_CUES", "None of the cues that were named is in the proposal.")
    told: dict[str, Any] = {"proposal": proposal_id, "cues": len(named)}
    told |= {"segments": sorted(segments), "of": len(proposal.segments)} if segments else {}
    if uids == "all" and len(named) == len(proposal.cues):
        told["all"] = True
    elif uids:
        told["uids"] = [uid for uid in named if uids == "all" or uid in uids]
    left = [cue for cue in proposal.cues if cue["uid"] not in named and not cue["decision"]]
    accepted = verdict == "accept" or any(
        cue["decision"] == "accepted" and cue["uid"] not in named for cue in proposal.cues
    )
    ends = ("accepted" if accepted else "rejected") if over or not left else "open"

    def settle(session: Session) -> None:
        _move(session, actor, proposal_id, ends, did=f"{verdict}ed", cues=len(named))

    if verdict == "reject":
        _note(house, actor, proposal, "reject", told, settle)
    else:

        def change(current: tuple[Cue, ...], _etag: str) -> tuple[tuple[Cue, ...], str, int]:
            return _at(current, named), "align", 0

        save_as(house, actor, proposal.track_id, change, report=told, also=settle, always=True)
    return proposal_view(house, proposal_id)


def undo_decision(house: House, actor: Actor, proposal_id: str) -> ProposalView:
    """Take the latest decision back: its cues have the times again that they had before it.

    A cue that was moved by hand since stays where it was put. Raises Conflict NOTHING_TO_UNDO, or
    PROPOSAL_DECIDED when a newer proposal waits.
    """
    proposal = proposal_view(house, proposal_id)
    with house.read() as session:
        row = show.row(session, Proposal, proposal_id)
        held = _decisions(session, row, proposal.cues)
        if not held:
            raise Conflict("NOTHING_TO_UNDO", "Nothing was decided on this proposal.")
        last = held[-1]
        before = session.get(
            DraftSave, {"track_id": proposal.track_id, "revision": last.revision - 1}
        )
        document = before.document if before else row.base_document
    told = {"proposal": proposal_id, "undoes": last.revision, "cues": len(last.uids)}

    def settle(session: Session) -> None:
        now = show.row(session, Proposal, proposal_id)
        waiting = open_proposal(session, proposal.track_id)
        if waiting is not None and waiting.id != proposal_id:
            raise _decided(now.state)
        if _decisions(session, now, proposal.cues) != held:
            raise Conflict("NOTHING_TO_UNDO", "Somebody else decided in the meantime.")
        now.state, now.decided_by, now.decided_at = "open", None, None
        audit.note(session, actor.user_id, "proposal.undo", "proposal", proposal_id, **told)

    if last.did == "rejected":
        _note(house, actor, proposal, "undo", told, settle)
        return proposal_view(house, proposal_id)
    proposed = {cue["uid"]: (cue["start"], cue["end"]) for cue in proposal.cues}
    old = {cue.uid: (cue.start, cue.end) for cue in load_cues(house, document)}

    def change(current: tuple[Cue, ...], _etag: str) -> tuple[tuple[Cue, ...], str, int]:
        back = {
            cue.uid: old[cue.uid]
            for cue in current
            if cue.uid in last.uids and cue.uid in old and (cue.start, cue.end) == proposed[cue.uid]
        }
        return _at(current, back), "undo", 0

    save_as(house, actor, proposal.track_id, change, report=told, also=settle, always=True)
    return proposal_view(house, proposal_id)


def accept_proposal(
    house: House, actor: Actor, proposal_id: str, uids: Sequence[str] | Literal["all"]
) -> DraftView:
    """Take the new times, of "all" cues or of those named, and be done with it. Raises as `decide_proposal`."""
    done = decide_proposal(house, actor, proposal_id, "accept", uids=uids, over=True)
    return draft(house, done.track_id)


def reject_proposal(house: House, actor: Actor, proposal_id: str) -> ProposalView:
    """What nothing was decided on stays as it is. Raises Conflict PROPOSAL_DECIDED."""
    return decide_proposal(house, actor, proposal_id, "reject", uids="all", over=True)


def _at(cues: tuple[Cue, ...], times: dict[str, tuple[int, int]]) -> tuple[Cue, ...]:
    return tuple(
        replace(cue, start=times[cue.uid][0], end=times[cue.uid][1]) if cue.uid in times else cue
        for cue in cues
    )


@in_whole
def _note(
    house: House,
    actor: Actor,
    proposal: ProposalView,
    what: str,
    told: dict[str, Any],
    settle: Any,
) -> None:
    with house.write() as session:
        locked_track(session, proposal.track_id)
        settle(session)
        note_in_history(session, actor, proposal.track_id, what, told)


def _move(session: Session, actor: Actor, proposal_id: str, state: str, **told: Any) -> None:
    decided = state != "open"
    moved = rows_changed(
        session,
        update(Proposal)
        .where(Proposal.id == proposal_id, Proposal.state == "open")
        .values(
            state=state,
            decided_by=actor.user_id if decided else None,
            decided_at=now_ms() if decided else None,
        ),
    )
    if not moved:
        raise _decided(show.row(session, Proposal, proposal_id).state)
    audit.note(session, actor.user_id, f"proposal.{state}", "proposal", proposal_id, **told)


def _decided(state: str) -> Conflict:
    return Conflict(
        "PROPOSAL_DECIDED", f"The proposal is {state} already.", details={"state": state}
    )


def begin_afresh(session: Session, actor: Actor, track_id: str, proposal_id: str | None) -> None:
    """A proposal that is opened again has been decided on by nobody."""
    if _lines(session, show.row(session, Proposal, proposal_id or "")):
        note_in_history(session, actor, track_id, "undo", {"proposal": proposal_id, "afresh": True})


def close_proposals(session: Session, track_id: str, person_id: str | None) -> None:
    """An open suggestion gives way to a newer one."""
    session.execute(
        update(Proposal)
        .where(Proposal.track_id == track_id, Proposal.state == "open")
        .values(state="rejected", decided_by=person_id, decided_at=now_ms())
    )


def open_proposal(session: Session, track_id: str) -> Proposal | None:
    return session.scalars(
        select(Proposal)
        .where(Proposal.track_id == track_id, Proposal.state == "open")
        .order_by(Proposal.created_at.desc())
        .limit(1)
    ).first()
