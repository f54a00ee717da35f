"""A dub from script to stems, over a real house; takes are spoken by the guide voice or are plain tones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import Team, edit, ready_film, srt, submitted, track_on
from workflow import stages
from workflow.errors import BadInput, Conflict, NotFound
from workflow.store.house import House
from workflow.timebase import from_ms
from workflow.tracks.document import cues_from_request

SCRIPT = srt(
    (1.0, 4.0, "[Saz]\nSalam, dostlar."),
    (5.0, 7.0, "Biz bu ýerde"),
    (7.1, 9.0, "hemmämiz deňdiris."),
    (10.0, 12.0, "♪ ♪"),
    (13.0, 15.0, "Sag boluň."),
)


def dub_on(team: Team, film_id: str = "", data: bytes = SCRIPT, **options: object) -> str:
    film = film_id or ready_film(team)
    track = track_on(team, film, data).summary.id
    return stages.create_dub(team.house, team.translator, film, track, **options).track  # type: ignore[arg-type]


def test_lines_are_what_is_spoken_of_the_subtitles(house: House, people: Team) -> None:
    dub = stages.dub_view(house, dub_on(people, merge=True))
    assert [line.text for line in dub.lines] == [
        "Salam, dostlar.",
        "Biz bu ýerde hemmämiz deňdiris.",
        "Sag boluň.",
    ]
    assert {line.status for line in dub.lines} == {"to_record"}
    assert dub.missing == [1, 2, 3]


def test_a_script_with_nothing_to_say_makes_no_dub(house: House, people: Team) -> None:
    with pytest.raises(BadInput, match="SCRIPT_EMPTY"):
        dub_on(people, data=srt((1, 2, "[Saz]"), (3, 4, "♪")))


def test_a_full_dub_needs_its_stem(house: House, people: Team) -> None:
    with pytest.raises(BadInput, match="STEM_MISSING"):
        dub_on(people, settings={"mode": "full"})
    with pytest.raises(NotFound):
        dub_on(people, settings={"mode": "full", "stem": "0" * 64})
    with pytest.raises(BadInput, match="RECIPE"):
        dub_on(people, settings={"style": "opera"})


def test_a_line_is_changed_like_a_cue_and_what_others_changed_stays(
    house: House, people: Team
) -> None:
    track = dub_on(people)
    seen = stages.dub_view(house, track)
    first, second = seen.lines[0].uid, seen.lines[1].uid
    stages.change_line(house, people.translator, track, first, {"speaker": "Ayna"}, seen.etag)
    now = stages.change_line(
        house, people.translator, track, second, {"on_screen": True, "text": "Biz"}, seen.etag
    )
    assert (now.lines[0].speaker, now.lines[1].on_screen, now.lines[1].text) == (
        "Ayna",
        True,
        "Biz",
    )
    with pytest.raises(Conflict, match="DRAFT_CHANGED"):
        stages.change_line(house, people.translator, track, first, {"speaker": "Jeren"}, seen.etag)
    assert len(stages.draft_history(house, track)) == 3
    back = stages.restore_save(house, people.translator, track, 1)
    assert [cue["text"] for cue in back.cues] == [line.text for line in seen.lines]


def test_lines_are_merged_and_split(house: House, people: Team) -> None:
    track = dub_on(people)
    view = stages.dub_view(house, track)
    uids = [line.uid for line in view.lines]
    one = stages.merge_lines(house, people.translator, track, uids[1:3], view.etag)
    assert one.lines[1].text == "Biz bu ýerde hemmämiz deňdiris."
    two = stages.split_line(
        house,
        people.translator,
        track,
        uids[1],
        at_character=12,
        at_time=from_ms(7000),
        etag=one.etag,
    )
    assert [line.text for line in two.lines[1:3]] == ["Biz bu ýerde", "hemmämiz deňdiris."]


def test_a_draft_names_only_takes_of_its_own_lines(house: House, people: Team) -> None:
    film = ready_film(people)
    dub = dub_on(people, film)
    subtitle = track_on(people, film).summary.id
    for track, code in ((dub, "NO_SUCH_TAKE"), (subtitle, "NO_DUB")):
        draft = stages.draft(house, track)
        cues = cues_from_request(draft.cues)
        named = (replace(cues[0], take="a" * 64), *cues[1:])
        with pytest.raises(BadInput, match=code):
            stages.save_draft(house, people.translator, track, draft.etag, named)
    with pytest.raises(BadInput, match="KIND"):
        stages.dub_view(house, subtitle)


def test_every_page_of_tracks_lists_a_dub_too(house: House, people: Team) -> None:
    film = ready_film(people)
    track = dub_on(people, film)
    edit(people, track, _1="Salam.")
    version = submitted(people, track)
    assert version.number == 1
    summary = stages.track_view(house, track, people.translator).summary
    assert (summary.kind, summary.translator) == ("dub", "Ayna")
    assert any(item.track.id == track for item in stages.my_work(house, people.translator))
    assert stages.findings(house, track) == []
    assert stages.export(house, track, "srt")[1]
    stages.film_view(house, film)
    stages.project_view(house, people.project_id, people.translator)
