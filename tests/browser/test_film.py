"""The film page in a real Chromium: what was done to a film with two sounds, and the other sound chosen."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ARTEFACTS, SignIn, World
from tests.browser.test_pages import settle, violations, watched
from tests.processes import wait_until
from workflow import stages

pytestmark = pytest.mark.browser


@pytest.fixture
def two_sounds(film_file: Path, tmp_path: Path) -> Path:
    """A film that lies on its side, with a sound in Russian and one in English."""
    upright, out = tmp_path / "upright.mp4", tmp_path / "two.mp4"
    ffmpeg = (imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i")
    sine = ("-f", "lavfi", "-i", "sine=frequency=880:sample_rate=48000:duration=2")
    subprocess.run(
        [
            *(*ffmpeg, str(film_file), *sine, "-map", "0:v", "-map", "0:a", "-map", "1:a"),
            *("-c:v", "copy", "-c:a", "aac", "-metadata:s:a:0", "language=rus"),
            *("-metadata:s:a:1", "language=eng", "-metadata:s:a:1", "title=Narrator"),
            str(upright),
        ],
        check=True,
    )
    turned = ("-map", "0", "-c", "copy", str(out))
    subprocess.run(
        [*ffmpeg[:-1], "-display_rotation:v:0", "90", "-i", str(upright), *turned], check=True
    )
    return out


def test_another_sound_is_chosen_and_the_page_says_what_was_done(
    as_person: SignIn, world: World, two_sounds: Path
) -> None:
    house, jeren = world.house, world.team.producer
    project = stages.create_project(house, jeren, "Two sounds").id
    film = stages.add_film_file(house, jeren, project, two_sounds, "two.mp4").id
    wait_until(lambda: stages.film_view(house, film).state == "ready")
    before = stages.film_file(house, film, "sound").sha256
    page = as_person("jeren")
    complaints = watched(page)
    page.goto(f"/films/{film}")
    settle(page)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for width in (390, 1280):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.screenshot(
                path=ARTEFACTS / f"film-two-sounds-{width}-{scheme}.png", full_page=True
            )
    expect(page.locator("main")).to_contain_text("Turned upright by 270°.")
    expect(page.locator("main")).to_contain_text("aac (English), aac (Russian)")
    assert violations(page) == []
    other = page.locator("input[name=number]:not(:checked)")
    number = other.get_attribute("value")
    other.press("Space")
    page.get_by_role("button", name="Use this sound").press("Enter")
    page.wait_for_load_state()
    wait_until(lambda: stages.film_file(house, film, "sound").sha256 != before)
    page.goto(f"/films/{film}")
    expect(page.locator(f"input[name=number][value='{number}']")).to_be_checked()
    assert complaints == []
