"""The review page: exact frames, comments that know their place, and what was really watched."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn, World, run_jobs
from tests.browser.test_pages import settle, violations
from tests.builders import submitted
from workflow import stages

pytestmark = pytest.mark.browser


def open_review(page: Page, version: str) -> Page:
    page.goto(f"/versions/{version}")
    settle(page)
    return page


def waiting_version(world: World, title: str) -> str:
    """A version of its own whose build is ready."""
    version = submitted(world.team, world.track(title))
    run_jobs(world.house)
    return version.id


def frame(page: Page) -> int:
    return int(page.locator("[data-part=seek]").input_value())


def test_single_steps_show_exactly_the_next_and_the_previous_frame(
    as_person: SignIn, world: World
) -> None:
    page = open_review(as_person("murat"), world.new_version)
    page.evaluate("document.activeElement.blur()")
    shown = page.locator("[data-part=timecode]")
    for n in range(1, 6):
        page.keyboard.press("Period")
        expect(shown).to_have_text(f"00:00:00:0{n}")
    page.keyboard.press("Comma")
    expect(shown).to_have_text("00:00:00:04")
    # The middle of frame 4 at 25 frames a second: half a frame away from both neighbours.
    page.wait_for_timeout(0)
    expect(page.locator("video")).to_have_js_property("currentTime", 0.18)


def test_a_comment_is_fixed_to_the_frame_and_cue_on_screen(as_person: SignIn, world: World) -> None:
    version = waiting_version(world, "Comment")
    page = open_review(as_person("murat"), version)
    page.locator("[data-goto]").nth(1).click()
    expect(page.locator("[data-part=comment-cue]")).to_have_text("on cue 2")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("c")
    page.keyboard.type("Bu ýerde söz artykmaç.")
    page.locator("[data-part=comment-form] button").click()
    expect(page.locator("#comments-title ~ ul")).to_contain_text("Bu ýerde söz artykmaç.")
    comment = stages.comments_of(world.house, version)[-1]
    assert comment.anchor["frame"] == 23  # the first that shows a cue starting at 0.9 s
    cues = stages.review_view(world.house, version, world.team.reviewer).cues
    assert comment.anchor["cue_uid"] == cues[1]["uid"]


def test_watched_share_grows_only_by_what_was_played(as_person: SignIn, world: World) -> None:
    page = open_review(as_person("murat"), waiting_version(world, "Watched"))
    share = page.locator("[data-part=watched]")
    page.locator("[data-goto]").nth(2).click()
    expect(share).to_have_text("0 %")
    page.click("[data-command='review/play-changes']")
    expect(share).to_have_text(re.compile(r"^(9\d|100) %$"), timeout=20_000)
    assert int(page.locator("input[name=watched_permille]").input_value()) >= 900


def test_changes_are_requested_only_with_a_reason_and_what_was_written_stays(
    as_person: SignIn, world: World
) -> None:
    version = waiting_version(world, "Reason")
    page = open_review(as_person("murat"), version)
    page.locator("button[value=changes_requested]").click()
    expect(page.locator("[role=alert]")).to_contain_text("REASON_NEEDED")
    assert violations(page) == []
    page.fill("#reason", "Ikinji setir gysga bolmaly.")
    page.locator("button[value=changes_requested]").click()
    expect(page.locator(".title-bar")).to_contain_text("Changes requested")
    assert stages.review_view(world.house, version, world.team.reviewer).version.state == (
        "changes_requested"
    )


def test_79_a_verdict_on_what_is_no_longer_the_newest_shows_what_changed(
    as_person: SignIn, world: World
) -> None:
    track = world.track("Stale")
    first = submitted(world.team, track)
    run_jobs(world.house)
    page = open_review(as_person("murat"), first.id)
    world.edit(track, _1="Täze salam!")
    submitted(world.team, track)
    page.locator("button[value=approved]").click()
    expect(page.locator("[role=alert]")).to_contain_text(re.compile("STALE_VERSION|SUPERSEDED"))
    expect(page.locator(".band")).to_contain_text("You are looking at v1. v2 is there.")


def test_author_sees_why_not_to_approve_and_the_old_version_says_what_it_is(
    as_person: SignIn, world: World
) -> None:
    page = open_review(as_person("ayna"), world.new_version)
    expect(page.locator("#verdict-title ~ *").first).to_contain_text(
        "Only reviewers give verdicts."
    )
    changes = page.locator(".change")
    expect(changes).to_have_count(1)
    expect(changes.locator("del")).to_have_text("Ýagdaýlaryňyz")
    expect(changes.locator("ins")).to_have_text("Ýagdaýyňyz")
    open_review(page, world.old_version)
    expect(page.locator(".band")).to_contain_text("You are looking at v1. v2 is there.")


def test_a_build_that_becomes_ready_is_watched_without_reloading_by_hand(
    as_person: SignIn, world: World
) -> None:
    version = submitted(world.team, world.track("Build"))
    page = open_review(as_person("murat"), version.id)
    expect(page.locator("#build")).to_contain_text("You watch the review build", timeout=60_000)
    expect(page.locator("video")).to_have_attribute("src", re.compile("/builds/"))
    expect(page.locator("button[value=approved]")).to_be_enabled()


def test_delivery_offers_the_film_its_fingerprint_and_its_manifest(
    as_person: SignIn, world: World
) -> None:
    page = as_person("jeren")
    page.goto(f"/tracks/{world.approved_track}/delivery")
    render = page.locator("#renders article")
    expect(render).to_contain_text(re.compile("[0-9a-f]{64}"))
    with page.expect_download() as download:
        render.get_by_role("link", name=re.compile("Download")).click()
    assert download.value.suggested_filename.endswith(".mp4")
    with page.expect_download() as manifest:
        render.get_by_role("link", name="Manifest").click()
    assert manifest.value.path().read_bytes().startswith(b"{")


def test_an_unapproved_version_cannot_be_rendered_and_the_page_says_what_changed(
    as_person: SignIn, world: World
) -> None:
    """The approved version is overtaken while the page is open."""
    track = world.track("Overtaken")
    version = submitted(world.team, track)
    run_jobs(world.house)
    murat = open_review(as_person("murat"), version.id)
    murat.locator("button[value=approved]").click()
    expect(murat.locator(".title-bar")).to_contain_text("Approved")
    page = as_person("jeren")
    page.goto(f"/tracks/{track}/delivery")
    world.edit(track, _1="Başga salam!")
    submitted(world.team, track)
    page.click("text=Render v1")
    expect(page.locator("[role=alert]")).to_contain_text("NOT_APPROVED")
    expect(page.locator("main")).to_contain_text("Başga salam!")
    assert violations(page) == []
