"""Words, terms and memory: what a house knows, what a project adds, and what a cue is offered."""

from __future__ import annotations

import pytest

from tests.builders import Team, approved, edit, ready_film, srt, track_on
from workflow import stages
from workflow.errors import BadInput, NotFound
from workflow.language.glossary import seed

ENGLISH = srt(
    (1, 2.5, "The court heard the victim."),
    (3, 4.5, "There were 5 witnesses."),
    (5, 6.5, "Thank you all for coming today."),
)
TURKMEN = srt(
    (1, 2.5, "Kazyýet pidany diňledi."),
    (3, 4.5, "5 şaýat bardy."),
    (5, 6.5, "Gelendigiňiz üçin sag boluň."),
)


def a_film_in_two_languages(people: Team, name: str = "film.mp4") -> tuple[str, str]:
    film = ready_film(people, name=name)
    stages.import_track(
        people.house,
        people.translator,
        film,
        ENGLISH,
        name="en.srt",
        language="en",
        kind="reference",
    )
    return film, track_on(people, film, TURKMEN).summary.id


def test_a_new_house_begins_with_the_seed_glossary_and_its_confidences(people: Team) -> None:
    terms = stages.words_view(people.house, people.project_id).terms
    assert len(terms) == len(seed().terms)
    assert all(term.of_house for term in terms)
    assert {term.confidence for term in terms} == {"A", "H", "M", "L"}
    assert sum(term.needs_linguist for term in terms) == sum(
        term.needs_linguist for term in seed().terms
    )


@pytest.mark.database
def test_a_word_of_the_project_is_no_longer_a_spelling_finding(people: Team) -> None:
    track = track_on(people, ready_film(people), srt((1, 3, "bu bir zyrtywapdyr.")))

    def misspelt() -> list[str]:
        found = stages.findings(people.house, track.summary.id)
        return [f["message"] for f in found if f["rule"] == "M07"]

    assert any("zyrtywapdyr" in message for message in misspelt())
    stages.add_word(
        people.house, people.translator, people.project_id, text="zyrtywapdyr", kind="word"
    )
    assert misspelt() == []


@pytest.mark.database
def test_terms_come_from_a_table_and_go_back_into_one(people: Team) -> None:
    table = (
        "en;tk;forbidden;confidence\nwitness;şaýat;görgür;A\nBailiff;kazyýet ýerine ýetirijisi;;M\n"
    )
    read = stages.import_terms(people.house, people.translator, people.project_id, table.encode())
    assert read == 2
    again = stages.export_terms(people.house, people.project_id)
    assert stages.import_terms(people.house, people.translator, people.project_id, again) == 2
    own = [t for t in stages.words_view(people.house, people.project_id).terms if not t.of_house]
    assert [(t.en, t.tk, t.forbidden, t.needs_linguist) for t in own] == [
        (["Bailiff"], ["kazyýet ýerine ýetirijisi"], [], True),
        (["witness"], ["şaýat"], ["görgür"], False),
    ]


@pytest.mark.database
def test_a_forbidden_form_of_the_projects_own_term_is_found_and_mended(people: Team) -> None:
    _, track = a_film_in_two_languages(people)
    stages.save_term(
        people.house,
        people.translator,
        people.project_id,
        None,
        {"en": "witness", "tk": "şaýat", "forbidden": "görgür", "confidence": "A"},
    )
    edit(people, track, _2="5 görgür bardy.")
    (found,) = [f for f in stages.findings(people.house, track) if f["rule"] == "M04"]
    cues = stages.load_draft(people.house, track)
    shown = stages.mends(people.house, track, cues, rules=["M04"], uid=found["uid"])
    assert [change["new"]["text"] for change in shown.changes] == ["5 şaýat bardy."]


def test_a_term_needs_both_languages_and_a_row_is_only_its_own_projects(people: Team) -> None:
    with pytest.raises(BadInput, match="GLOSSARY"):
        stages.save_term(people.house, people.translator, people.project_id, None, {"tk": "şaýat"})
    of_house = stages.words_view(people.house, None).terms[0]
    with pytest.raises(NotFound):
        stages.remove_term(people.house, people.translator, people.project_id, of_house.id)


@pytest.mark.database
def test_an_approved_version_feeds_the_memory_and_the_next_film_is_offered_it(
    people: Team,
) -> None:
    _, track = a_film_in_two_languages(people)
    approved(people, track)
    view = stages.words_view(people.house, people.project_id)
    assert view.unit_count == 3
    _, second = a_film_in_two_languages(people, "second.mp4")
    cue = stages.draft(people.house, second).cues[0]
    help_ = stages.cue_help(people.house, second, cue["uid"])
    assert help_.source == "The court heard the victim."
    assert help_.matches[0] | {"origin": ""} == {
        "source": "The court heard the victim.",
        "target": "Kazyýet pidany diňledi.",
        "score": 100,
        "in_context": True,
        "origin": "",
    }


def test_terms_of_the_source_are_shown_with_how_sure_they_are(people: Team) -> None:
    _, track = a_film_in_two_languages(people)
    cue = stages.draft(people.house, track).cues[0]
    terms = stages.cue_help(people.house, track, cue["uid"]).terms
    assert {term["form"].lower(): term["tk"][0] for term in terms} == {
        "court": "kazyýet",
        "victim": "pida",
    }
    assert all(term["confidence"] in "AHML" for term in terms)


def test_a_memory_goes_out_as_tmx_and_comes_back_the_same(people: Team) -> None:
    _, track = a_film_in_two_languages(people)
    approved(people, track)
    file = stages.export_memory(people.house, people.project_id)
    read = stages.import_memory(
        people.house, people.producer, None, file, name="old.tmx", source_language="en"
    )
    assert read == 3
    units = stages.words_view(people.house, None).units
    assert {(u.source, u.target) for u in units} >= {("There were 5 witnesses.", "5 şaýat bardy.")}
    with pytest.raises(BadInput, match="NO_UNITS"):
        stages.import_memory(
            people.house, people.producer, None, file, name="x", source_language="de"
        )


def test_a_project_that_keeps_its_memory_to_itself_is_not_seen_by_others(people: Team) -> None:
    _, track = a_film_in_two_languages(people)
    approved(people, track)
    other = stages.create_project(people.house, people.producer, "Other", "en")
    assert stages.words_view(people.house, other.id).unit_count == 3
    stages.save_rules(
        people.house, people.producer, people.project_id, profile={}, shares_memory=False
    )
    assert stages.words_view(people.house, other.id).unit_count == 0
    assert stages.words_view(people.house, people.project_id).unit_count == 3
