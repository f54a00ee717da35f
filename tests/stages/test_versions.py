"""Submission, verdicts over exact hashes, and what makes an approval stale."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.builders import (
    Team,
    approved,
    built,
    edit,
    ready_film,
    srt,
    submitted,
    track_on,
    verdict_on,
)
from workflow import stages
from workflow.errors import BadInput, Conflict, NotAllowed, NotFound
from workflow.stages.views import VersionView
from workflow.store.tables import Audit, Outbox, Verdict

pytestmark = pytest.mark.database


@pytest.fixture
def track_id(people: Team) -> str:
    return track_on(people, ready_film(people)).summary.id


def state(people: Team, version: VersionView) -> str:
    return stages.review_view(people.house, version.id, people.reviewer).version.state


def states(people: Team, track_id: str) -> list[tuple[int, str]]:
    view = stages.track_view(people.house, track_id, people.producer)
    return [(version.number, version.state) for version in view.versions]


# --- submission


def test_a_submitted_draft_is_a_version_with_its_review_build_queued(
    people: Team, track_id: str
) -> None:
    version = submitted(people, track_id, note="Ilkinji")
    assert (version.number, version.state, version.note) == (1, "submitted", "Ilkinji")
    assert [(build.height, build.job.state) for build in version.builds] == [(240, "queued")]
    with people.house.read() as session:
        assert session.scalars(select(Outbox.job_id)).all() == [version.builds[0].job.id]


def test_a_draft_that_moved_is_not_submitted(people: Team, track_id: str) -> None:
    old = stages.draft(people.house, track_id).etag
    edit(people, track_id, _1="Salam, dostum!")
    with pytest.raises(Conflict, match="DRAFT_CHANGED"):
        stages.submit(people.house, people.translator, track_id, etag=old, acknowledge=True)
    assert states(people, track_id) == []


def test_what_no_viewer_could_see_rightly_is_not_submitted(people: Team) -> None:
    track = track_on(people, ready_film(people)).summary.id
    etag = edit(people, track, _3="")
    with pytest.raises(BadInput, match="BLOCKING_FINDINGS") as refused:
        stages.submit(people.house, people.translator, track, etag=etag, acknowledge=True)
    assert [(f["code"], f["cue"]) for f in refused.value.details["findings"]] == [("NO_TEXT", 3)]


def test_broken_quality_rules_must_be_acknowledged(people: Team) -> None:
    fast = srt((1, 2, "Bu setir bir sekuntda okalmak üçin juda uzyn bolan setirdir."))
    track = track_on(people, ready_film(people), fast).summary.id
    etag = stages.draft(people.house, track).etag
    with pytest.raises(BadInput, match="FINDINGS_NOT_ACKNOWLEDGED") as refused:
        stages.submit(people.house, people.translator, track, etag=etag)
    assert {f["severity"] for f in refused.value.details["findings"]} == {"error"}
    assert any(f["rule"] == "T03" for f in stages.findings(people.house, track))
    version = stages.submit(people.house, people.translator, track, etag=etag, acknowledge=True)
    assert any(f["rule"] == "T03" for f in stages.findings(people.house, version.id))


def test_a_reference_track_is_not_submitted(people: Team) -> None:
    reference = stages.import_track(
        people.house,
        people.translator,
        ready_film(people),
        srt((1, 3, "Hello there.")),
        name="en.srt",
        language="en",
        kind="reference",
    )
    assert reference.draft is not None
    with pytest.raises(BadInput, match="KIND"):
        stages.submit(
            people.house, people.translator, reference.summary.id, etag=reference.draft.etag
        )


def test_the_same_cues_again_are_no_version(people: Team, track_id: str) -> None:
    submitted(people, track_id)
    with pytest.raises(Conflict, match="NOTHING_CHANGED"):
        submitted(people, track_id)


def test_a_request_for_changes_may_be_answered_with_words_alone(
    people: Team, track_id: str
) -> None:
    verdict_on(people, built(people, submitted(people, track_id)), "changes_requested")
    with pytest.raises(Conflict, match="NOTHING_CHANGED"):
        submitted(people, track_id)
    again = submitted(people, track_id, note="This is how it is said in Mary.")
    assert states(people, track_id) == [(2, "submitted"), (1, "superseded")]
    assert again.note == "This is how it is said in Mary."


def test_a_newer_version_takes_the_place_of_one_that_waits(people: Team, track_id: str) -> None:
    built(people, submitted(people, track_id))
    edit(people, track_id, _1="Salam, dostum!")
    submitted(people, track_id)
    assert states(people, track_id) == [(2, "submitted"), (1, "superseded")]


def test_its_author_takes_a_version_back_and_nobody_else(people: Team, track_id: str) -> None:
    version = submitted(people, track_id)
    other = people.add("merdan", "translator")
    with pytest.raises(NotAllowed, match="NOT_YOURS"):
        stages.withdraw(people.house, other, version.id)
    assert stages.withdraw(people.house, people.translator, version.id).state == "withdrawn"
    with pytest.raises(Conflict, match="WRONG_STATE"):
        stages.withdraw(people.house, people.translator, version.id)
    assert submitted(people, track_id).number == 2


# --- verdicts


def test_an_approval_names_exactly_what_was_watched(people: Team, track_id: str) -> None:
    version = approved(people, track_id)
    assert version.state == "approved"
    (given,) = version.verdicts
    assert (given.verdict, given.track_hash) == ("approved", version.track_hash)
    assert given.build_hash == version.builds[0].build_hash
    with people.house.read() as session:
        steps = session.scalars(select(Audit.action).where(Audit.action.like("version.%"))).all()
    assert steps == ["version.submit", "version.approved"]


@pytest.mark.parametrize("name", ["track_hash", "film_hash", "recipe_hash", "build_hash"])
def test_f19_a_verdict_over_another_hash_is_refused(people: Team, track_id: str, name: str) -> None:
    version = built(people, submitted(people, track_id))
    with pytest.raises(Conflict, match="STALE_VERSION"):
        verdict_on(people, version, **{name: "0" * 64})
    assert state(people, version) == "in_review"


def test_f19_a_verdict_on_a_version_that_is_not_the_newest_says_what_changed(
    people: Team, track_id: str
) -> None:
    version = built(people, submitted(people, track_id))
    edit(people, track_id, _2="Näme täzelik?")
    submitted(people, track_id)
    with pytest.raises(Conflict, match="STALE_VERSION") as refused:
        verdict_on(people, version)
    details = refused.value.details
    assert details["latest"] == 2
    (change,) = details["changed"]
    assert (change["number"], change["kind"]) == (2, "text")
    assert change["new"]["text"] == "Näme täzelik?"


def test_a_version_without_a_finished_build_gets_no_verdict(people: Team, track_id: str) -> None:
    version = submitted(people, track_id)
    with pytest.raises(Conflict, match="STALE_VERSION"):
        verdict_on(people, version)


def test_t79_nobody_approves_what_they_changed_themselves(people: Team, track_id: str) -> None:
    both = people.add("merdan", "translator", "reviewer")
    edit(people, track_id, both, _2="Näme täzelik?")
    version = built(people, submitted(people, track_id))
    with pytest.raises(NotAllowed, match="OWN_CUES"):
        verdict_on(people, version, actor=both)
    assert stages.review_view(people.house, version.id, both).may["approve"] != ""
    assert verdict_on(people, version).state == "approved"


def test_retiming_does_not_wash_an_authors_hands(people: Team, track_id: str) -> None:
    both = people.add("merdan", "translator", "reviewer")
    edit(people, track_id, both, _2="Näme täzelik?")
    edit(people, track_id, _2="Näme täzelik?!")
    version = built(people, submitted(people, track_id))
    with pytest.raises(NotAllowed, match="OWN_CUES"):
        verdict_on(people, version, actor=both)


def test_who_changed_only_what_was_approved_before_may_approve_the_next_changes(
    people: Team, track_id: str
) -> None:
    both = people.add("merdan", "translator", "reviewer")
    edit(people, track_id, both, _2="Näme täzelik?")
    approved(people, track_id)
    edit(people, track_id, _3="Hoş!")
    version = built(people, submitted(people, track_id))
    review = stages.review_view(people.house, version.id, both)
    assert [change["number"] for change in review.changes] == [3]
    assert review.approved_number == 1
    assert verdict_on(people, version, actor=both).state == "approved"


def test_changes_are_not_requested_without_a_reason(people: Team, track_id: str) -> None:
    version = built(people, submitted(people, track_id))
    with pytest.raises(BadInput, match="REASON_NEEDED"):
        verdict_on(people, version, "changes_requested", reason="  ")
    assert state(people, version) == "in_review"


def test_f20_a_verdict_sent_twice_is_one_verdict_and_the_same_answer(
    people: Team, track_id: str
) -> None:
    version = built(people, submitted(people, track_id))
    first = verdict_on(people, version, key="one click")
    assert verdict_on(people, version, key="one click") == first
    with people.house.read() as session:
        assert len(session.scalars(select(Verdict)).all()) == 1


def test_f20_a_key_does_not_carry_another_verdict(people: Team, track_id: str) -> None:
    version = built(people, submitted(people, track_id))
    verdict_on(people, version, key="one click")
    with pytest.raises(Conflict, match="KEY_USED"):
        verdict_on(people, version, "changes_requested", key="one click")


def test_a_second_verdict_on_an_approved_version_is_refused(people: Team, track_id: str) -> None:
    version = approved(people, track_id)
    with pytest.raises(Conflict, match="WRONG_STATE") as refused:
        verdict_on(people, version, "changes_requested")
    assert refused.value.details["state"] == "approved"


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ({"verdict": "fine"}, "VERDICT"),
        ({"watched_permille": 1001}, "WATCHED"),
        ({"idempotency_key": ""}, "KEY"),
        ({"idempotency_key": "k" * 81}, "KEY"),
    ],
)
def test_a_verdict_that_says_nothing_clear_is_refused(
    people: Team, track_id: str, what, code: str
) -> None:
    version = built(people, submitted(people, track_id))
    with pytest.raises(BadInput, match=code):
        verdict_on(people, version, **what) if "verdict" not in what else stages.give_verdict(
            people.house,
            people.reviewer,
            version.id,
            reason="",
            track_hash="",
            film_hash="",
            recipe_hash="",
            build_hash="",
            watched_permille=0,
            idempotency_key="k",
            **what,
        )


# --- staleness


def test_an_approval_goes_stale_when_one_cue_changes_in_a_newer_version(
    people: Team, track_id: str
) -> None:
    approved(people, track_id)
    edit(people, track_id, _2="Näme täzelik?")
    assert states(people, track_id) == [(1, "approved")]  # a draft alone changes nothing
    submitted(people, track_id)
    assert states(people, track_id) == [(2, "submitted"), (1, "stale")]


def test_the_next_approval_takes_the_place_of_the_stale_one(people: Team, track_id: str) -> None:
    approved(people, track_id)
    edit(people, track_id, _2="Näme täzelik?")
    approved(people, track_id)
    assert states(people, track_id) == [(2, "approved"), (1, "superseded")]


def test_a_stale_version_is_judged_again_when_the_newer_one_is_taken_back(
    people: Team, track_id: str
) -> None:
    first = approved(people, track_id)
    edit(people, track_id, _2="Näme täzelik?")
    second = submitted(people, track_id)
    stages.withdraw(people.house, people.translator, second.id)
    assert verdict_on(people, first).state == "approved"


def test_a_revoked_approval_needs_a_reason_and_may_be_given_again(
    people: Team, track_id: str
) -> None:
    version = approved(people, track_id)
    with pytest.raises(BadInput, match="REASON_NEEDED"):
        stages.revoke(people.house, people.producer, version.id, " ")
    assert (
        stages.revoke(people.house, people.producer, version.id, "Wrong name.").state == "revoked"
    )
    with pytest.raises(Conflict, match="WRONG_STATE"):
        stages.revoke(people.house, people.producer, version.id, "Again.")
    assert verdict_on(people, version).state == "approved"


def test_after_a_revoked_approval_everything_is_to_be_seen_again(
    people: Team, track_id: str
) -> None:
    version = approved(people, track_id)
    stages.revoke(people.house, people.producer, version.id, "Wrong name.")
    edit(people, track_id, _2="Näme täzelik?")
    review = stages.review_view(people.house, submitted(people, track_id).id, people.reviewer)
    assert (review.approved_number, len(review.changes)) == (None, 3)


# --- comments


def test_a_comment_follows_its_cue_to_the_next_version(people: Team, track_id: str) -> None:
    version = submitted(people, track_id)
    uid = stages.draft(people.house, track_id).cues[1]["uid"]
    comment = stages.add_comment(
        people.house, people.reviewer, version.id, text="Why this word?", frame=50, cue_uid=uid
    )
    edit(people, track_id, _2="Näme täzelik?")
    newer = submitted(people, track_id)
    stages.add_comment(
        people.house, people.translator, newer.id, text="Better?", frame=50, reply_to=comment.id
    )
    on_newer = stages.comments_of(people.house, newer.id)
    assert [(c.text, c.place) for c in on_newer] == [
        ("Why this word?", "moved"),
        ("Better?", "here"),
    ]
    assert [c.text for c in stages.comments_of(people.house, version.id)] == ["Why this word?"]
    assert stages.resolve_comment(people.house, people.reviewer, comment.id).resolved_by == "Murat"


@pytest.mark.parametrize(
    ("what", "error", "code"),
    [
        ({"text": " "}, BadInput, "COMMENT"),
        ({"text": "x" * 4001}, BadInput, "COMMENT"),
        ({"frame": 10**12}, BadInput, "FRAME"),
        ({"frame": -1}, BadInput, "FRAME"),
        ({"cue_uid": "of another project"}, BadInput, "NO_SUCH_CUE"),
        ({"reply_to": "nothing"}, NotFound, "NOT_FOUND"),
    ],
)
def test_80_a_comment_that_points_at_nothing_is_refused(
    people: Team, track_id: str, what, error: type[Exception], code: str
) -> None:
    version = submitted(people, track_id)
    with pytest.raises(error, match=code):
        stages.add_comment(
            people.house, people.reviewer, version.id, **{"text": "Hm.", "frame": 1, **what}
        )


def test_80_fifty_comments_a_minute_are_enough(
    people: Team, track_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow.stages.review.COMMENTS_A_MINUTE", 2)
    version = submitted(people, track_id)
    for _ in range(2):
        stages.add_comment(people.house, people.reviewer, version.id, text="Hm.", frame=1)
    with pytest.raises(Conflict, match="TOO_MANY_COMMENTS"):
        stages.add_comment(people.house, people.reviewer, version.id, text="Hm.", frame=1)


# --- final render


def render(people: Team, version: VersionView, recipe=None):
    return stages.start_render(people.house, people.producer, version.id, recipe)


def test_an_approved_version_is_rendered_once_for_one_recipe(people: Team, track_id: str) -> None:
    version = approved(people, track_id)
    first = render(people, version)
    assert (first.form, first.file_name, first.job.state) == ("burned", "film.tk.v1.mp4", "queued")
    assert render(people, version).id == first.id
    assert render(people, version, {"form": "soft-mkv"}).file_name == "film.tk.v1.soft.mkv"


def test_final_render_refuses_a_version_nobody_approved(people: Team, track_id: str) -> None:
    version = built(people, submitted(people, track_id))
    with pytest.raises(Conflict, match="NOT_APPROVED") as refused:
        render(people, version)
    assert refused.value.details["state"] == "in_review"
    assert [change["number"] for change in refused.value.details["changed"]] == [1, 2, 3]


def test_final_render_refuses_a_version_that_was_changed_since_and_says_which_cues(
    people: Team, track_id: str
) -> None:
    version = approved(people, track_id)
    edit(people, track_id, _2="Näme täzelik?")
    newer = submitted(people, track_id)
    for asked in (version, newer):
        with pytest.raises(Conflict, match="NOT_APPROVED") as refused:
            render(people, asked)
        (change,) = refused.value.details["changed"]
        assert change["number"] == 2
        assert change["old"]["text"] == "Ýagdaýlaryňyz nähili?"
        assert change["new"]["text"] == "Näme täzelik?"
        assert refused.value.details["latest"] == 2


def test_final_render_refuses_a_revoked_version(people: Team, track_id: str) -> None:
    version = approved(people, track_id)
    stages.revoke(people.house, people.producer, version.id, "Wrong name.")
    with pytest.raises(Conflict, match="NOT_APPROVED"):
        render(people, version)


def test_final_render_refuses_letters_of_another_style_than_was_watched(
    people: Team, track_id: str
) -> None:
    version = approved(people, track_id)
    with pytest.raises(Conflict, match="NOT_APPROVED") as refused:
        render(people, version, {"style": {"size": 90}})
    assert refused.value.details["style"] is True


@pytest.mark.parametrize(
    ("recipe", "code"),
    [({"form": "review"}, "FORM"), ({"crf": 99}, "RECIPE"), ({"x": 1}, "RECIPE")],
)
def test_a_recipe_that_is_none_is_refused(people: Team, track_id: str, recipe, code: str) -> None:
    with pytest.raises(BadInput, match=code):
        render(people, approved(people, track_id), recipe)


def test_a_file_is_known_by_its_hash_and_by_the_tag_it_carries_to_members_alone(
    people: Team, track_id: str
) -> None:
    version = approved(people, track_id)
    build_hash = version.builds[0].build_hash or ""
    for named in (build_hash, f"film · track v1 · {version.track_hash[:8]} · REVIEW"):
        found = stages.what_is(people.house, people.reviewer, named)
        assert (found.version, found.state, found.approved_by) == (1, "approved", "Murat")
    stranger = people.as_(people.reviewer_id)
    stages.remove_member(
        people.house, people.producer, people.project_id, people.reviewer_id, "reviewer"
    )
    with pytest.raises(NotFound, match="UNKNOWN_FILE"):
        stages.what_is(people.house, stranger, build_hash)
