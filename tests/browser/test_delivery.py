"""The delivery page and "What is this file?" in a real Chromium, with a worker beside the server."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ARTEFACTS, SignIn, World
from tests.browser.test_pages import settle, violations, watched
from tests.builders import approved, srt, submitted
from workflow import stages
from workflow.stages.views import RenderView

pytestmark = pytest.mark.browser


def the_render(world: World) -> RenderView:
    """The burned-in film that the world begins with."""
    versions = stages.track_view(world.house, world.approved_track, world.team.producer).versions
    return next(r for v in versions for r in v.renders if r.form == "burned" and r.sha256)


def film_of(world: World) -> bytes:
    return world.house.blobs.read(the_render(world).sha256 or "")


def test_the_plan_is_told_before_a_start_and_follows_what_is_chosen(
    as_person: SignIn, world: World
) -> None:
    page = as_person("jeren")
    complaints = watched(page)
    page.goto(f"/tracks/{world.approved_track}/delivery")
    settle(page)
    plan = page.locator("#plan")
    expect(plan).to_contain_text("everything is kept from before")  # it was rendered so before
    expect(plan).to_contain_text("320 × 240")
    page.select_option("#codec", "av1")
    expect(plan).to_contain_text("1 of 1 parts")
    page.check("input[name=form][value=soft-mp4]")
    expect(plan).to_contain_text("picture and sound are copied")
    expect(page.locator("#codec")).to_be_hidden()
    page.check("input[name=form][value=burned]")
    page.select_option("#codec", "h264")
    expect(plan).to_contain_text("everything is kept from before")
    assert violations(page) == []
    assert complaints == []


def test_a_second_language_is_seen_in_a_still_before_a_start(
    as_person: SignIn, world: World
) -> None:
    house, team = world.house, world.team
    film = stages.track_view(house, world.approved_track, team.producer).film.id
    russian = stages.import_track(
        house,
        team.translator,
        film,
        srt((0.3, 1.6, "Здравствуйте, как ваши дела?")),
        name="ru.srt",
        language="ru",
    )
    approved(team, russian.summary.id)
    page = as_person("jeren")
    complaints = watched(page)
    page.goto(f"/tracks/{world.approved_track}/delivery")
    settle(page)
    still = page.locator("#plan img.still")
    expect(still).to_have_js_property("naturalWidth", 320)
    before = still.get_attribute("src") or ""
    page.select_option("#second", "ru")
    expect(still).not_to_have_attribute("src", before)
    expect(page.locator("#plan")).to_contain_text("1 of 1 parts")
    expect(still).to_have_js_property("naturalWidth", 320)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for width in (390, 1280):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(
                path=ARTEFACTS / f"delivery-two-{width}-{scheme}.jpeg", quality=70, full_page=True
            )
    assert violations(page) == []
    page.check("input[name=form][value=soft-mkv]")
    expect(page.locator("#plan")).to_contain_text("picture and sound are copied")
    expect(still).to_have_count(0)
    page.click("#start-render")
    card = page.locator("#renders article", has_text="film.tk+ru.v1.soft.mkv")
    expect(card.get_by_text("Download", exact=False).first).to_be_visible(timeout=30_000)
    assert complaints == []


def test_a_package_is_made_from_the_keyboard_and_downloaded_whole(
    as_person: SignIn, world: World, tmp_path: Path
) -> None:
    page = as_person("jeren")
    page.goto(f"/tracks/{world.approved_track}/delivery")
    settle(page)
    page.focus("input[name=kind][value=delivery]")
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[name=kind][value=room]")).to_be_checked()
    page.locator("button", has_text="Make the package").press("Enter")
    card = page.locator("#packages article").first
    expect(card.get_by_text("Download", exact=False).first).to_be_visible(timeout=30_000)
    with page.expect_download() as waiting:
        card.locator("a[download]").click()
    file = tmp_path / "room.zip"
    waiting.value.save_as(file)
    assert waiting.value.suggested_filename == "film.tk.v1-room.zip"
    with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
        assert archive.testzip() is None
        assert "film.tk.v1-room/index.html" in archive.namelist()
    expect(card).to_contain_text(hashlib.sha256(file.read_bytes()).hexdigest())
    page.goto(f"/tracks/{world.approved_track}/delivery")
    settle(page)
    page.set_viewport_size({"width": 1280, "height": 2000})
    assert violations(page) == []


def test_a_file_is_known_by_its_bytes_by_its_tag_or_honestly_not(
    as_person: SignIn, world: World, tmp_path: Path
) -> None:
    page = as_person("murat")
    complaints = watched(page)
    page.goto("/what-is-this-file")
    settle(page)
    film = tmp_path / "renamed.mp4"
    film.write_bytes(film_of(world))
    page.set_input_files("#file", film)
    answer = page.locator("#answer")
    expect(answer).to_contain_text("Exactly this file, byte for byte.")
    expect(answer).to_contain_text("Murat")
    expect(answer).to_contain_text("Turkmen")
    assert f"hash={the_render(world).sha256}" in page.url
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for width in (360, 1280):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(path=ARTEFACTS / f"identified-{width}-{scheme}.jpeg", quality=70)
    assert violations(page) == []

    changed = tmp_path / "changed.mp4"
    changed.write_bytes(film.read_bytes() + b"\0" * 1000)  # as another program may pad it
    page.set_input_files("#file", changed)
    expect(answer).to_contain_text("it was changed since")
    expect(answer).to_contain_text("film.tk.v1.mp4")

    other = tmp_path / "holiday.mp4"
    other.write_bytes(bytes(range(256)) * 40_000)
    page.set_input_files("#file", other)
    expect(answer).to_contain_text("Not known")
    assert violations(page) == []
    assert complaints == []


def test_the_letters_in_the_picture_of_an_old_review_build_say_that_it_is_overtaken(
    as_person: SignIn, world: World
) -> None:
    track = world.track("Overtaken", (0.3, 1.1, "Ilkinji"))
    old = submitted(world.team, track)
    world.edit(track, _1="Ikinji")
    submitted(world.team, track)
    page = as_person("murat")
    page.goto("/what-is-this-file")
    page.fill("#tag", old.track_hash[:8])
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_contain_text("Overtaken: v2 is newer.")
    page.goto(f"/what-is-this-file?tag={'0' * 64}")
    expect(page.locator("#answer")).to_contain_text("Not known")
