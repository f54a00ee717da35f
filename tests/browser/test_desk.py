"""The desk: typing is safe whatever the connection does, and everything works from the keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SPOKEN, World
from tests.browser.test_pages import violations, watched

pytestmark = pytest.mark.browser

Desk = Callable[..., Page]

SLOW_TO_LOOK = """
const query = navigator.locks.query.bind(navigator.locks)
navigator.locks.query = () => new Promise((done) => setTimeout(() => done(query()), 1000))
"""
"""A computer that takes a second to tell what waits on it: nothing may be called saved meanwhile."""


def status(page: Page, text: str) -> None:
    expect(page.locator("[data-part=status]")).to_contain_text(text)


def type_into(page: Page, row: int, text: str, delay: float = 0) -> None:
    """Open the cue in that row and write at its end, *delay* ms a letter."""
    page.locator(f".cue[data-index='{row}']").click()
    area = page.locator(".cue.is-active textarea")
    area.focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(text, delay=delay)


def test_typing_is_drawn_over_the_picture_at_once_and_saved_by_the_server(
    desk: Desk, world: World
) -> None:
    track = world.track("Typing")
    page = desk(track)
    complaints = watched(page)
    type_into(page, 1, " Gowy?")
    expect(page.locator("[data-part=captions]")).to_have_text("Ýagdaýlaryňyz nähili? Gowy?")
    status(page, "Saved")
    assert world.texts(track)[1] == "Ýagdaýlaryňyz nähili? Gowy?"
    assert complaints == []


def test_edits_made_without_connection_wait_on_this_computer_and_arrive_later(
    desk: Desk, world: World
) -> None:
    track = world.track("Offline")
    page = desk(track)
    page.context.set_offline(True)
    type_into(page, 0, " Bir.")
    status(page, "On this computer, 1 change waiting")
    type_into(page, 2, " Iki.")
    status(page, "On this computer, 2 changes waiting")
    assert world.texts(track) == ["Salam!", "Ýagdaýlaryňyz nähili?", "Sag boluň."]
    page.context.set_offline(False)
    status(page, "Saved")
    assert world.texts(track) == ["Salam! Bir.", "Ýagdaýlaryňyz nähili?", "Sag boluň. Iki."]


def open_again(desk: Desk, track: str, waits: str) -> Page:
    """The desk of a slow computer on which *waits* was added to the first cue without connection."""
    page = desk(track)
    context = page.context
    context.set_offline(True)
    type_into(page, 0, waits)
    status(page, "1 change waiting")
    page.close()
    context.set_offline(False)
    page = context.new_page()
    page.add_init_script(SLOW_TO_LOOK)
    return desk(track, page)


def test_edits_survive_a_page_that_was_closed_without_connection(desk: Desk, world: World) -> None:
    track = world.track("Closed")
    page = open_again(desk, track, " Ýitmedi.")
    status(page, "Saved")
    assert world.texts(track)[0] == "Salam! Ýitmedi."
    expect(page.locator(".cue[data-index='0'] textarea")).to_have_value("Salam! Ýitmedi.")


def test_what_is_typed_while_the_computer_still_looks_is_kept_with_what_waited(
    desk: Desk, world: World
) -> None:
    track = world.track("At once")
    page = open_again(desk, track, " Garaşdy.")
    type_into(page, 2, " Derrew.", delay=200)
    expect(page.locator(".cue[data-index='0']")).to_contain_text("Salam! Garaşdy.")
    status(page, "Saved")
    assert world.texts(track) == ["Salam! Garaşdy.", "Ýagdaýlaryňyz nähili?", "Sag boluň. Derrew."]


def test_edits_of_two_people_in_different_cues_are_joined(desk: Desk, world: World) -> None:
    track = world.track("Two people")
    page = desk(track)
    world.edit(track, _3="Köp sag boluň.")
    type_into(page, 0, " Meniňki.")
    expect(page.locator(".cue[data-index='2'] .cue-words")).to_have_text("Köp sag boluň.")
    assert world.texts(track) == ["Salam! Meniňki.", "Ýagdaýlaryňyz nähili?", "Köp sag boluň."]


def test_a_clash_shows_both_texts_and_nothing_is_chosen_for_the_person(
    desk: Desk, world: World
) -> None:
    track = world.track("Clash")
    page = desk(track)
    world.edit(track, _1="Olaryňky.")
    type_into(page, 0, " Meniňki.")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("Olaryňky.")
    expect(dialog).to_contain_text("Salam! Meniňki.")
    assert dialog.locator("input:checked").count() == 0
    assert violations(page) == []
    dialog.get_by_text("Decide later").click()
    status(page, "Two people changed the same cue")
    assert world.texts(track)[0] == "Olaryňky."
    page.keyboard.press("Control+s")
    page.locator("dialog[open]").locator("input[value=mine]").check()
    page.get_by_text("Use what I chose").click()
    status(page, "Saved")
    assert world.texts(track)[0] == "Salam! Meniňki."


def test_cues_are_split_joined_made_deleted_and_it_can_all_be_undone_by_keys(
    desk: Desk, world: World
) -> None:
    track = world.track("Keys")
    page = desk(track)
    rows = page.locator(".cue")
    page.locator(".cue[data-index='1']").click()
    page.keyboard.press("Alt+s")
    expect(rows).to_have_count(4)
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Alt+m")
    expect(rows).to_have_count(3)
    page.keyboard.press("Alt+Delete")
    expect(rows).to_have_count(2)
    for count in (3, 4, 3):
        page.keyboard.press("Control+z")
        expect(rows).to_have_count(count)
    page.keyboard.press("Control+y")
    expect(rows).to_have_count(4)
    status(page, "Saved")
    assert len(world.texts(track)) == 4


def test_times_are_set_by_field_button_and_playhead_and_a_bad_time_is_explained(
    desk: Desk, world: World
) -> None:
    track = world.track("Times")
    page = desk(track)
    page.locator(".cue[data-index='0']").click()
    start = page.locator(".cue.is-active input[id^=start]")
    start.fill("soon")
    start.press("Tab")
    expect(page.locator(".cue.is-active [role=alert]")).to_contain_text("That is no time")
    start.fill("00:00:00:08")
    start.press("Tab")
    expect(page.locator(".cue.is-active [role=alert]")).to_have_count(0)
    page.locator(".cue.is-active").get_by_label("Start: One frame later").click()
    expect(start).to_have_value("00:00:00:09")
    page.locator("[data-part=list]").focus()
    page.keyboard.press("Period")
    page.keyboard.press("Shift+BracketLeft")
    expect(start).to_have_value("00:00:00:08")
    status(page, "Saved")


def test_an_edge_is_dragged_on_the_waveform_and_lands_on_a_frame(desk: Desk, world: World) -> None:
    track = world.track("Drag")
    page = desk(track)
    canvas = page.locator("[data-part=wave] canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    seconds = box["width"] / 2  # the whole film of two seconds is in sight
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.8 * seconds, y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * seconds, y, steps=4)
    page.mouse.up()
    expect(page.locator(".cue.is-active input[id^=end]")).to_have_value("00:00:00:15")
    status(page, "Saved")


def test_text_is_found_and_replaced_everywhere(desk: Desk, world: World) -> None:
    track = world.track("Find", (0.1, 0.5, "adam"), (0.6, 1.0, "Adamlar"), (1.1, 1.5, "söz"))
    page = desk(track)
    page.keyboard.press("Control+f")
    page.keyboard.type("adam")
    expect(page.locator("[data-part=find-count]")).to_have_text("2 places found")
    page.fill("#find-with", "ynsan")
    page.click("[data-command='find/replace-all']")
    expect(page.locator("[data-part=find-count]")).to_have_text("2 places replaced")
    status(page, "Saved")
    assert world.texts(track) == ["ynsan", "ynsanlar", "söz"]


def test_two_thousand_cues_keep_few_rows_in_the_page(desk: Desk, world: World) -> None:
    page = desk(world.long_track)
    rows = page.locator(".cue")
    assert rows.count() < 60
    page.locator("[data-part=list]").evaluate("list => list.scrollTo(0, list.scrollHeight)")
    expect(page.locator(".cue[data-index='1999']")).to_be_visible()
    assert rows.count() < 60
    assert page.locator("[role=grid]").get_attribute("aria-rowcount") == "2000"
    page.locator(".cue[data-index='1999']").click()
    expect(page.locator(".cue.is-active textarea")).to_have_value("Setir 2000")


def test_shortcuts_are_listed_and_letters_can_be_switched_off(desk: Desk, world: World) -> None:
    page = desk(world.draft)
    page.locator("[data-part=list]").focus()
    page.keyboard.press("Shift+Slash")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("Split the cue here")
    assert violations(page) == []
    dialog.locator("input[type=checkbox]").uncheck()
    page.keyboard.press("Escape")
    page.locator("[data-part=list]").focus()
    page.keyboard.press("Shift+Slash")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_56_markup_in_a_cue_is_text_and_nothing_runs(desk: Desk, world: World) -> None:
    evil = "<script>document.title='x'</script><img src=x onerror=\"document.title='x'\"><i>a</i>"
    track = world.track("Markup", (0.0, 1.9, "Arassa"))
    page = desk(track)
    title = page.title()
    type_into(page, 0, evil)
    expect(page.locator("[data-part=captions] i")).to_have_text("a")
    assert page.locator("[data-part=captions] img, [data-part=captions] script").count() == 0
    status(page, "Saved")
    page.reload()
    page.wait_for_selector(".desk[data-ready]")
    assert page.title() == title


def test_submit_waits_for_the_save_and_refuses_until_findings_are_seen(
    desk: Desk, world: World
) -> None:
    track = world.track("Submit", (0.2, 0.7, "Örän uzyn setir bolup, ony okap ýetişip bolmaýar."))
    page = desk(track)
    type_into(page, 0, " Gutardy.")
    page.click("[data-open=submit-dialog]")
    page.click("#submit-dialog button.primary")
    expect(page.locator("main")).to_contain_text("FINDINGS_NOT_ACKNOWLEDGED")
    expect(page.locator("#submit-problem li").first).to_be_visible()
    assert world.texts(track)[0].endswith("Gutardy.")
    page.click("text=I have seen them")
    page.wait_for_url("**/versions/*")
    expect(page.locator(".title-bar")).to_contain_text("v1 ·")


def test_signing_out_asks_before_it_deletes_what_waits(desk: Desk, world: World) -> None:
    page = desk(world.track("Sign out"))
    page.route("**/draft", lambda route: route.abort())
    type_into(page, 0, " Garaşýar.")
    status(page, "1 change waiting")
    page.click("form[data-sign-out] button")
    expect(page.locator("dialog[open]")).to_contain_text("Signing out deletes them")
    page.get_by_role("button", name="Stay").click()
    expect(page.locator(".cue.is-active textarea")).to_have_value("Salam! Garaşýar.")


def test_alignment_shows_its_progress_and_leads_to_the_proposal(desk: Desk, world: World) -> None:
    track = world.track("Align", *((start + 2, end + 2, text) for start, end, text in SPOKEN))
    page = desk(track)
    page.click("[data-open=align-dialog]")
    page.click("#align-dialog button.primary")
    journey = page.locator("#journey")
    expect(journey).to_contain_text("Look at the new times", timeout=60_000)
    assert "hx-get" not in (journey.evaluate("piece => piece.outerHTML.slice(0, 200)") or "")


def test_the_page_carries_its_cues_as_data_and_no_inline_script(desk: Desk, world: World) -> None:
    page = desk(world.draft)
    scripts = page.locator("script:not([src])").evaluate_all(
        "all => all.map(script => [script.type, script.textContent])"
    )
    assert {kind for kind, _ in scripts} == {"application/json"}
    assert all(json.loads(text) for _, text in scripts)
    assert page.locator("[style]:not([data-part] *, .desk, .screen, video)").count() == 0
