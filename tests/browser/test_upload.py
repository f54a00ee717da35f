"""Uploading a film from the project page: paused, gone on with, refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import SignIn, World
from workflow import stages

pytestmark = pytest.mark.browser


def test_a_film_is_uploaded_prepared_and_opened(
    as_person: SignIn, world: World, film_file: Path, tmp_path: Path
) -> None:
    name = "Adam söwdasy \u202e4pm.mp4"
    film = tmp_path / "second.mp4"
    film.write_bytes(
        film_file.read_bytes() + b"\0\0\0\x08free"
    )  # another fingerprint, the same film
    page = as_person("jeren")
    page.goto(f"/projects/{world.team.project_id}")
    page.wait_for_selector("[data-island=upload][data-ready]")
    page.set_input_files(
        "#film-file", {"name": name, "mimeType": "video/mp4", "buffer": film.read_bytes()}
    )
    films = page.locator(".films article")
    expect(films).to_have_count(2, timeout=30_000)
    expect(films.locator(".state", has_text="Ready")).to_have_count(2, timeout=60_000)
    shown = films.nth(1).locator("a").inner_text() + films.nth(0).locator("a").inner_text()
    assert "\u202e" not in shown


def test_an_upload_is_paused_and_goes_on_where_it_stopped_also_on_a_new_page(
    as_person: SignIn, world: World
) -> None:
    content = b"\0\0\0\x18ftypmp42" + bytes(3_000_000)
    page = as_person("jeren")
    sent: list[int] = []

    def slowly(route: Route) -> None:
        """The second piece never arrives."""
        sent.append(int(route.request.headers.get("upload-offset", "0")))
        if len(sent) == 2:
            route.abort()
        else:
            route.continue_()

    page.goto(f"/projects/{world.team.project_id}")
    page.wait_for_selector("[data-island=upload][data-ready]")
    page.route(
        "**/api/v1/uploads/*", lambda r: slowly(r) if r.request.method == "PATCH" else r.continue_()
    )
    file = {"name": "big.mp4", "mimeType": "video/mp4", "buffer": content}
    page.set_input_files("#film-file", file)
    status = page.locator("[data-island=upload] [role=status]")
    expect(status).to_contain_text("524.3 KB of 3.0 MB are safe")
    status.get_by_text("Pause").click()
    expect(status).to_contain_text("Paused.")
    page.unroute_all()
    status.get_by_text("Go on").click()
    # It is no film: when the last byte has arrived the server says so, in its own words.
    expect(page.locator("[data-island=upload] [role=alert]")).to_contain_text(
        "NO_STREAMS", timeout=30_000
    )
    assert sent[0] == 0
    assert all(film.name != "big.mp4" for film in _films(world))


def test_13_an_empty_file_is_refused_with_its_code(as_person: SignIn, world: World) -> None:
    page = as_person("jeren")
    page.goto(f"/projects/{world.team.project_id}")
    page.wait_for_selector("[data-island=upload][data-ready]")
    page.set_input_files(
        "#film-file", {"name": "empty.mp4", "mimeType": "video/mp4", "buffer": b""}
    )
    expect(page.locator("[data-island=upload] [role=alert]")).to_contain_text("EMPTY")


def test_67_a_subtitle_file_without_cues_is_refused_on_the_page_and_nothing_is_added(
    as_person: SignIn, world: World
) -> None:
    page = as_person("ayna")
    page.goto(f"/projects/{world.team.project_id}")
    before = page.locator(".matrix tbody tr").count()
    page.click("text=Add a subtitle file")
    page.set_input_files(
        "#track-file", {"name": "a.srt", "mimeType": "text/plain", "buffer": b"\xef\xbb\xbf \n"}
    )
    page.click("text=Add the track")
    expect(page.locator("[role=alert]")).to_contain_text("NO_CUES")
    assert page.locator(".matrix tbody tr").count() == before


def _films(world: World) -> list[stages.views.FilmView]:
    return stages.project_view(world.house, world.team.project_id, world.team.producer).films
