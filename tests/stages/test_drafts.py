"""The one draft of a track: nothing typed is lost, and nobody overwrites anybody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import THREE_CUES, Team, edit, ready_film, srt, track_on
from workflow import stages
from workflow.errors import BadInput, Conflict, NotFound
from workflow.tracks.cues import Cue
from workflow.tracks.document import cues_from_request

pytestmark = pytest.mark.database


@pytest.fixture
def track_id(people: Team) -> str:
    return track_on(people, ready_film(people)).summary.id


def cues_of(people: Team, track_id: str) -> tuple[Cue, ...]:
    return cues_from_request(stages.draft(people.house, track_id).cues)


def texts(people: Team, track_id: str) -> list[str]:
    return [cue.text for cue in cues_of(people, track_id)]


def test_an_import_is_a_draft_with_the_report_of_how_it_was_read(people: Team) -> None:
    view = track_on(people, ready_film(people))
    assert view.draft is not None
    assert view.draft.cues[0]["text"] == "Salam!"
    assert view.draft.import_report is not None
    assert view.draft.import_report["name"] == "tk.srt"
    assert view.summary.translator == "Ayna"
    assert view.summary.reviewer == "Murat"


def test_67_a_file_without_cues_makes_no_track(people: Team) -> None:
    film = ready_film(people)
    with pytest.raises(BadInput, match="NO_CUES"):
        track_on(people, film, b"  \n")
    assert stages.project_view(people.house, people.project_id, people.producer).tracks == []


def test_a_save_gives_a_new_etag_and_the_same_again_gives_none(people: Team, track_id: str) -> None:
    before = stages.draft(people.house, track_id)
    after = edit(people, track_id, _1="Salam, dostum!")
    assert after != before.etag
    assert edit(people, track_id, _1="Salam, dostum!") == after
    assert stages.draft(people.house, track_id).revision == 2


def test_f18_edits_of_different_cues_are_merged(people: Team, track_id: str) -> None:
    base = stages.draft(people.house, track_id)
    other = people.add("merdan", "translator")
    edit(people, track_id, other, _3="Hoş!")
    mine = list(cues_from_request(base.cues))
    mine[0] = replace(mine[0], text="Salam, dostum!")
    saved, merged = stages.save_draft(
        people.house, people.translator, track_id, base.etag, tuple(mine)
    )
    assert merged == 1
    assert texts(people, track_id) == ["Salam, dostum!", "Ýagdaýlaryňyz nähili?", "Hoş!"]
    assert saved.revision == 3


def test_f18_edits_of_one_cue_are_both_kept_and_a_person_decides(
    people: Team, track_id: str
) -> None:
    base = stages.draft(people.house, track_id)
    newer = edit(people, track_id, people.add("merdan", "translator"), _1="Salam, aga!")
    mine = list(cues_from_request(base.cues))
    mine[0] = replace(mine[0], text="Salam, dostum!")
    with pytest.raises(Conflict, match="DRAFT_CHANGED") as refused:
        stages.save_draft(people.house, people.translator, track_id, base.etag, tuple(mine))
    assert refused.value.details["etag"] == newer
    (conflict,) = refused.value.details["conflicts"]
    assert {side: conflict[side]["text"] for side in ("base", "mine", "theirs")} == {
        "base": "Salam!",
        "mine": "Salam, dostum!",
        "theirs": "Salam, aga!",
    }
    assert texts(people, track_id)[0] == "Salam, aga!"


def test_an_etag_that_was_never_a_save_of_this_draft_is_refused(
    people: Team, track_id: str
) -> None:
    with pytest.raises(Conflict, match="DRAFT_CHANGED"):
        stages.save_draft(
            people.house, people.translator, track_id, "0" * 64, cues_of(people, track_id)
        )


def test_every_save_can_be_had_again(people: Team, track_id: str) -> None:
    edit(people, track_id, _1="Salam, dostum!")
    edit(people, track_id, _2="")
    stages.restore_save(people.house, people.translator, track_id, 1)
    assert texts(people, track_id)[0] == "Salam!"
    history = stages.draft_history(people.house, track_id)
    assert [(save.revision, save.what, save.current) for save in history] == [
        (4, "restore", True),
        (3, "edit", False),
        (2, "edit", False),
        (1, "import", False),
    ]
    with pytest.raises(NotFound):
        stages.restore_save(people.house, people.translator, track_id, 9)


def test_a_new_file_keeps_the_uids_of_cues_that_are_the_same(people: Team, track_id: str) -> None:
    before = {cue.text: cue.uid for cue in cues_of(people, track_id)}
    etag = stages.draft(people.house, track_id).etag
    shifted = srt((1.5, 2.7, "Salam!"), (2.8, 4.0, "Ýagdaýlaryňyz nähili?"), (4.2, 6.0, "Täze."))
    stages.import_into_track(
        people.house, people.translator, track_id, shifted, name="new.srt", if_match=etag
    )
    after = {cue.text: cue.uid for cue in cues_of(people, track_id)}
    assert after["Salam!"] == before["Salam!"]
    assert after["Täze."] not in before.values()


def test_a_new_file_over_a_draft_that_moved_is_refused(people: Team, track_id: str) -> None:
    old = stages.draft(people.house, track_id).etag
    edit(people, track_id, _1="Salam, dostum!")
    with pytest.raises(Conflict, match="DRAFT_CHANGED"):
        stages.import_into_track(
            people.house, people.translator, track_id, THREE_CUES, name="a.srt", if_match=old
        )


@pytest.mark.parametrize(
    ("kind", "language", "code"), [("dub", "tk", "KIND"), ("subtitle", "t", "LANGUAGE")]
)
def test_a_track_of_no_known_kind_or_language_is_refused(
    people: Team, kind: str, language: str, code: str
) -> None:
    with pytest.raises(BadInput, match=code):
        stages.import_track(
            people.house,
            people.translator,
            ready_film(people),
            THREE_CUES,
            name="a.srt",
            kind=kind,
            language=language,
        )
