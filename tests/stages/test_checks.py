"""Checks of a draft: by the project's own numbers, mended after a look, set aside with a reason."""

from __future__ import annotations

import pytest

from tests.builders import Team, edit, ready_film, srt, track_on
from workflow import stages
from workflow.errors import BadInput, NotFound

pytestmark = pytest.mark.database


@pytest.fixture
def track_id(people: Team) -> str:
    return track_on(
        people,
        ready_film(people),
        srt((1, 3, "Salam  dostlar..."), (3.02, 3.3, "Gel."), (8, 9, "Sag boluň .")),
    ).summary.id


def rules(people: Team, track_id: str) -> list[str]:
    return [f["rule"] for f in stages.findings(people.house, track_id) if not f["ignored"]]


def test_mends_are_shown_and_nothing_is_saved(people: Team, track_id: str) -> None:
    before = stages.draft(people.house, track_id)
    cues = stages.load_draft(people.house, track_id)
    shown = stages.mends(people.house, track_id, cues)
    assert [c["new"]["text"] for c in shown.changes if "text" in c["kind"]] == [
        "Salam dostlar…",
        "Sag boluň.",
    ]
    assert stages.draft(people.house, track_id).etag == before.etag


def test_one_finding_is_mended_in_its_own_cue_alone(people: Team, track_id: str) -> None:
    cues = stages.load_draft(people.house, track_id)
    shown = stages.mends(people.house, track_id, cues, rules=["X03"], uid=cues[2].uid)
    assert [(c["uid"], c["new"]["text"]) for c in shown.changes] == [(cues[2].uid, "Sag boluň.")]


def test_a_finding_that_was_set_aside_stays_so_until_its_cue_changes(
    people: Team, track_id: str
) -> None:
    found = next(f for f in stages.findings(people.house, track_id) if f["rule"] == "X05")
    with pytest.raises(BadInput, match="REASON_NEEDED"):
        stages.ignore_finding(people.house, people.translator, track_id, found["look"], " ")
    stages.ignore_finding(people.house, people.translator, track_id, found["look"], "Şeýle bolsun")
    assert "X05" not in rules(people, track_id)
    shown = stages.mends(people.house, track_id, stages.load_draft(people.house, track_id))
    assert not any("…" in change["new"]["text"] for change in shown.changes)
    edit(people, track_id, _1="Salam  dostlarym...")
    assert "X05" in rules(people, track_id)
    with pytest.raises(NotFound, match="NO_SUCH_FINDING"):
        stages.ignore_finding(people.house, people.translator, track_id, found["look"], "x")


def test_errors_may_be_set_aside_only_where_the_project_says_so(
    people: Team, track_id: str
) -> None:
    found = next(f for f in stages.findings(people.house, track_id) if f["severity"] == "error")
    with pytest.raises(BadInput, match="MAY_NOT_IGNORE"):
        stages.ignore_finding(people.house, people.translator, track_id, found["look"], "Gerek")
    stages.save_rules(
        people.house, people.producer, people.project_id, profile={}, may_ignore="error"
    )
    after = stages.ignore_finding(people.house, people.translator, track_id, found["look"], "Gerek")
    assert next(f for f in after if f["look"] == found["look"])["ignored"] == "Gerek"
    again = stages.heed_finding(people.house, people.translator, track_id, found["look"])
    assert not any(f["ignored"] for f in again)


def test_a_projects_own_numbers_are_what_its_drafts_are_checked_by(
    people: Team, track_id: str
) -> None:
    assert "L01" not in rules(people, track_id)
    body = {"base": "kids", "line_characters": 10, "hard_line_characters": 10}
    view = stages.save_rules(people.house, people.producer, people.project_id, profile=body)
    assert (view.numbers["cps"], view.numbers["min_duration"]) == (12, "6/5")
    assert "L01" in rules(people, track_id)
    with pytest.raises(BadInput, match="PROFILE") as refused:
        stages.save_rules(people.house, people.producer, people.project_id, profile={"cps": "fast"})
    assert refused.value.where == "cps"
