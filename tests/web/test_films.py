"""The film's page: what was found and changed in words, and the choice of its sound."""

from __future__ import annotations

from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import update

from tests.web.conftest import Somebody, csrf_in, sign_in
from tests.web.test_guard import one_of_everything
from workflow.people import Role
from workflow.store.house import House
from workflow.store.tables import Film

SOUND = {"type": "audio", "codec": "aac", "channels": 2, "language": None, "title": None}
FACTS = {
    "container": "mp4",
    "streams": [
        SOUND | {"index": 1, "language": "rus"},
        SOUND | {"index": 2, "title": "Narrator <b>"},
    ],
    "findings": [
        {
            "code": "SEVERAL_SOUNDS",
            "message": "…",
            "values": {"count": 2, "place": 2, "why": "default"},
        }
    ],
    "changes": [{"code": "ROTATED", "message": "…", "values": {"degrees": 90}}],
    "mezzanine": {"starts": [0, 40], "sound": 1, "mended": False},
}


def test_film_page_says_what_was_changed_and_lets_a_producer_choose_the_sound(
    client: FlaskClient, house: House, person: Callable[..., Somebody], project: Callable[..., str]
) -> None:
    producer, translator = person("producer"), person("translator")
    here = project(producer, {translator: Role.TRANSLATOR})
    ids = one_of_everything(house, here, producer, translator)
    with house.write() as session:
        session.execute(update(Film).where(Film.id == ids["film"]).values(facts=FACTS))
    address = f"/films/{ids['film']}"
    sign_in(client, producer.email)
    page = client.get(address).text
    assert "Turned upright by 90°." in page
    assert "number 2 is used: the file says that it is the usual one." in page
    assert "Narrator &lt;b&gt;" in page
    assert "Use this sound" in page
    sent = {"number": "0", "csrf_token": csrf_in(page)}
    refused = client.post(f"{address}/sound", data=sent)  # its working copy is not there
    assert refused.status_code == 409
    assert "FILM_NOT_READY" in refused.text
    client.post("/sign-out", data={"csrf_token": csrf_in(page)})
    sign_in(client, translator.email)
    assert "Use this sound" not in client.get(address).text
