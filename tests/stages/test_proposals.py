"""Alignment suggests, a person decides."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import Team, edit, ready_film, srt, track_on
from workflow import stages
from workflow.errors import BadInput, Conflict
from workflow.stages.views import ProposalView
from workflow.timebase import FLICKS_PER_SECOND

LINES = [(4 + 3.7 * n, 6 + 3.7 * n + (n % 3) / 4, f"Setir {n}") for n in range(12)]
LATE = [(start + 2, end + 2, text) for start, end, text in LINES]


@pytest.fixture
def tracks(people: Team) -> tuple[str, str]:
    """(late track, reference) of one film."""
    film = ready_film(people)
    reference = stages.import_track(
        people.house,
        people.translator,
        film,
        srt(*LINES),
        name="en.srt",
        language="en",
        kind="reference",
    )
    return track_on(people, film, srt(*LATE)).summary.id, reference.summary.id


def proposed(people: Team, tracks: tuple[str, str]) -> ProposalView:
    track, reference = tracks
    stages.start_alignment(
        people.house, people.translator, track, reference_track=reference, speech=False
    )
    stages.run_waiting(people.house)
    proposal = stages.track_view(people.house, track, people.translator).proposal
    assert proposal is not None
    return proposal


def starts(people: Team, track: str) -> list[int]:
    return [cue["start"] for cue in stages.draft(people.house, track).cues]


def test_accepting_moves_the_cues_and_leaves_the_texts(people: Team, tracks) -> None:
    proposal = proposed(people, tracks)
    assert proposal.related
    assert all(cue["changed"] for cue in proposal.cues)
    edit(people, tracks[0], _2="Başga söz")
    accepted = stages.accept_proposal(people.house, people.translator, proposal.id, "all")
    assert accepted.cues[1]["text"] == "Başga söz"
    wanted = [start * FLICKS_PER_SECOND for start, _, _ in LINES]
    frame = FLICKS_PER_SECOND // 25
    assert all(
        abs(found - want) <= frame
        for found, want in zip(starts(people, tracks[0]), wanted, strict=True)
    )
    assert stages.track_view(people.house, tracks[0], people.translator).proposal is None


def test_accepting_some_cues_leaves_the_others_where_they_were(people: Team, tracks) -> None:
    proposal = proposed(people, tracks)
    before = starts(people, tracks[0])
    last = proposal.cues[-1]
    stages.accept_proposal(people.house, people.translator, proposal.id, [last["uid"]])
    after = starts(people, tracks[0])
    assert after[:-1] == before[:-1]
    assert after[-1] == last["start"]


def test_a_proposal_is_decided_once(people: Team, tracks) -> None:
    proposal = proposed(people, tracks)
    stages.reject_proposal(people.house, people.translator, proposal.id)
    before = starts(people, tracks[0])
    for decide in (
        lambda: stages.accept_proposal(people.house, people.translator, proposal.id, "all"),
        lambda: stages.reject_proposal(people.house, people.translator, proposal.id),
    ):
        with pytest.raises(Conflict, match="PROPOSAL_DECIDED"):
            decide()
    assert starts(people, tracks[0]) == before


def test_asking_again_after_a_rejection_costs_nothing_and_opens_it_anew(
    people: Team, tracks
) -> None:
    first = proposed(people, tracks)
    stages.reject_proposal(people.house, people.translator, first.id)
    job = stages.start_alignment(
        people.house, people.translator, tracks[0], reference_track=tracks[1], speech=False
    )
    assert job.state == "done"
    again = stages.track_view(people.house, tracks[0], people.translator).proposal
    assert again is not None
    assert again.id == first.id


def test_a_proposal_with_none_of_the_named_cues_changes_nothing(people: Team, tracks) -> None:
    proposal = proposed(people, tracks)
    with pytest.raises(BadInput, match="NO_SUCH_CUES"):
        stages.accept_proposal(people.house, people.translator, proposal.id, ["nobody"])


def test_what_cannot_be_aligned_to_is_refused(people: Team, tracks) -> None:
    def start(**how: object) -> None:
        stages.start_alignment(
            people.house,
            people.translator,
            tracks[0],
            **{"reference_track": None, "speech": False, **how},
        )

    elsewhere = track_on(people, ready_film(people)).summary.id
    for how in ({}, {"reference_track": tracks[0]}):
        with pytest.raises(BadInput, match="REFERENCE"):
            start(**how)
    with pytest.raises(BadInput, match="REFERENCE"):
        start(reference_track=elsewhere)
    for how in ({"speech": True}, {"speech": True, "reference_track": tracks[1]}):
        with pytest.raises(BadInput, match="NO_SOUND"):
            start(**how)


@pytest.fixture
def cut_tracks(people: Team) -> tuple[str, str]:
    """(track with half a minute too much before its second half, reference) of one film."""
    film = ready_film(people)
    told = [
        (4 + 3.7 * n + (n * n % 7) / 9, 6 + 3.7 * n + (n % 3) / 4, f"Setir {n}") for n in range(40)
    ]
    late = [
        (a + 2 + 30 * (n >= 20), b + 2 + 30 * (n >= 20), text)
        for n, (a, b, text) in enumerate(told)
    ]
    reference = stages.import_track(
        people.house,
        people.translator,
        film,
        srt(*told),
        name="en.srt",
        language="en",
        kind="reference",
    )
    return track_on(people, film, srt(*late)).summary.id, reference.summary.id


def decide(people: Team, proposal: ProposalView, verdict: str, **what: object) -> ProposalView:
    return stages.decide_proposal(people.house, people.translator, proposal.id, verdict, **what)


def placed(people: Team, track: str) -> dict[str, int]:
    return {cue.uid: cue.start for cue in stages.load_draft(people.house, track)}


def history(people: Team, track: str) -> list[tuple[str, list[int] | None]]:
    """What the draft's history says, oldest first, without the import."""
    saves = stages.draft_history(people.house, track)
    return [(save.what, (save.told or {}).get("segments")) for save in saves[::-1]][1:]


def test_segments_are_decided_on_one_by_one_and_undone_and_the_history_tells(
    people: Team, cut_tracks
) -> None:
    track = cut_tracks[0]
    proposal = proposed(people, cut_tracks)
    assert [s["first_cue"] for s in proposal.segments] == [0, 20]
    before = placed(people, track)
    proposal = decide(people, proposal, "accept", segments=[2])
    assert [s["decision"] for s in proposal.segments] == ["", "accepted"]
    after = {cue["uid"]: cue["start"] for cue in proposal.cues[20:]}
    assert placed(people, track) == before | after
    assert (proposal.state, proposal.draft_moved) == ("open", False)
    proposal = decide(people, proposal, "reject", segments=[1])
    assert proposal.state == "accepted"  # everything is decided on
    proposal = stages.undo_decision(people.house, people.translator, proposal.id)
    assert (proposal.state, proposal.segments[0]["decision"]) == ("open", "")
    proposal = stages.undo_decision(people.house, people.translator, proposal.id)
    assert list(placed(people, track).items()) == list(before.items())
    assert not proposal.can_undo
    assert history(people, track) == [
        ("align", [2]),
        ("reject", [1]),
        ("undo", None),
        ("undo", None),
    ]
    with pytest.raises(Conflict, match="NOTHING_TO_UNDO"):
        stages.undo_decision(people.house, people.translator, proposal.id)
    with pytest.raises(BadInput, match="NO_SUCH_SEGMENT"):
        decide(people, proposal, "accept", segments=[3])


def test_undo_leaves_a_cue_where_a_person_put_it_since(people: Team, tracks) -> None:
    proposal = proposed(people, tracks)
    old = starts(people, tracks[0])
    decide(people, proposal, "accept", uids="all")
    draft = stages.draft(people.house, tracks[0])
    cues = list(stages.load_draft(people.house, tracks[0]))
    by_hand = replace(cues[3], end=cues[3].end + FLICKS_PER_SECOND // 25, note="eşit")
    cues[3] = by_hand
    stages.save_draft(people.house, people.translator, tracks[0], draft.etag, tuple(cues))
    stages.undo_decision(people.house, people.translator, proposal.id)
    now = {cue.uid: cue for cue in stages.load_draft(people.house, tracks[0])}
    assert now[by_hand.uid] == by_hand
    others = [cue for cue in now.values() if cue.uid != by_hand.uid]
    assert sorted(cue.start for cue in others) == sorted(old[:3] + old[4:])


def test_a_proposal_that_is_opened_again_has_been_decided_on_by_nobody(
    people: Team, tracks
) -> None:
    proposal = proposed(people, tracks)
    proposal = decide(people, proposal, "reject", uids=[proposal.cues[0]["uid"]])
    stages.reject_proposal(people.house, people.translator, proposal.id)
    again = proposed(people, tracks)
    assert again.id == proposal.id
    assert not again.can_undo
    assert {cue["decision"] for cue in again.cues} == {""}
