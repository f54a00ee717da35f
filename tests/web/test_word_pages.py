"""Pages of words, rules, received files and exports: what they show, and that a refusal says so in place."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import Somebody, csrf_of, sign_in
from tests.web.test_guard import one_of_everything
from tests.web.test_tracks import as_form
from workflow import stages
from workflow.people import Role
from workflow.store.house import House

TEXT = "Ýaşulylar gelýär."
FILE = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{TEXT}\n\n" for n in range(1, 4))


@pytest.fixture
def ids(
    house: House,
    client: FlaskClient,
    person: Callable[..., Somebody],
    project: Callable[..., str],
) -> dict[str, str]:
    """A project, and somebody signed in who may do everything in it."""
    producer, translator, reviewer = person("merdan"), person("ayna"), person("jeren")
    here = project(producer, {translator: Role.TRANSLATOR, reviewer: Role.REVIEWER})
    ids = one_of_everything(house, here, producer, reviewer)
    stages.add_member(house, producer_of(producer), here, translator.email, "producer")
    sign_in(client, translator.email)
    return ids


def producer_of(who: Somebody) -> stages.people.Actor:
    from workflow.people import Actor

    return Actor(who.id, roles=frozenset({Role.PRODUCER}))


def post(client: FlaskClient, path: str, **form: str) -> str:
    answer = client.post(path, data=form | {"csrf_token": csrf_of(client)}, follow_redirects=True)
    return answer.get_data(as_text=True)


def test_words_and_terms_are_added_changed_and_removed_on_their_page(
    client: FlaskClient, ids: dict[str, str], house: House
) -> None:
    path = f"/projects/{ids['project']}/words"
    assert "prezumpsiýa" in post(client, path, do="add-word", text="prezumpsiýa", kind="word")
    shown = post(client, path, do="save-term", en="bailiff", tk="ýerine ýetiriji", confidence="M")
    assert "ýerine ýetiriji" in shown
    assert "to a linguist" in shown
    assert "GLOSSARY" in post(client, path, do="save-term", en="bailiff")
    own = next(t for t in stages.words_view(house, ids["project"]).terms if not t.of_house)
    assert "ýerine ýetiriji" not in post(client, path, do="remove-term", id=own.id)
    body = {
        "do": "import-terms",
        "file": (io.BytesIO(b"en,tk\nraid,reyd\n"), "t.csv"),
        "csrf_token": csrf_of(client),
    }
    assert "1 terms were read in" in client.post(path, data=body).get_data(as_text=True)


def test_rules_keep_only_what_differs_from_the_profile(
    client: FlaskClient, ids: dict[str, str], house: House
) -> None:
    path = f"/projects/{ids['project']}/rules"
    assert "Characters a second" in client.get(path).get_data(as_text=True)
    post(client, path, base="kids", cps="11", hard_cps="13", wpm="", **{"severity-T04": "off"})
    view = stages.rules_view(house, ids["project"])
    assert view.profile == {"base": "kids", "cps": 11, "wpm": None, "severities": {"T04": "off"}}
    assert 'aria-invalid="true"' in post(client, path, base="kids", cps="fast")
    assert stages.rules_view(house, ids["project"]) == view


def test_an_old_file_is_asked_about_taken_and_its_report_shown(
    client: FlaskClient, ids: dict[str, str]
) -> None:
    body = as_form(
        {"language": "tk", "film_id": ids["film"], "csrf_token": csrf_of(client)},
        "old.srt",
        FILE.replace(",900", ".900").encode("cp1250"),
    )
    kind = "multipart/form-data; boundary=part"
    answer = client.post(f"/projects/{ids['project']}/tracks", data=body, content_type=kind)
    asked = client.get(answer.location).get_data(as_text=True)
    assert "Which letters are right?" in asked
    assert "<mark>" in asked
    waiting = client.get(f"/projects/{ids['project']}").get_data(as_text=True)
    assert f'href="{answer.location}"' in waiting
    refused = post(client, f"{answer.location}/say", encoding="utf-8")
    assert "ENCODING" in refused
    desk = post(client, f"{answer.location}/say", encoding="cp1250")
    assert json.dumps(TEXT)[1:-1] in desk
    assert "Times used another decimal mark" in desk


@pytest.mark.parametrize("name", ["stl", "xlsx", "srt", "scc"])
def test_what_a_format_loses_is_shown_before_it_is_downloaded(
    client: FlaskClient, ids: dict[str, str], house: House, name: str
) -> None:
    actor = producer_of(Somebody(ids["person"], ""))
    track = stages.import_track(
        house, actor, ids["film"], FILE.encode(), name="tk.srt", language="tk"
    ).summary.id
    shown = client.get(f"/tracks/{track}/export?format={name}").get_data(as_text=True)
    assert ("FORMAT" in shown) == (name == "scc")
    assert (f"/exports/{name}/file" in shown) == (name != "scc")
