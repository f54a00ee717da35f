"""The main job in a real browser: three people, each signed in on their own, from an empty house to the film."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

pytestmark = [pytest.mark.system, pytest.mark.browser, pytest.mark.timeout(290)]

ARTEFACTS = Path(__file__).parents[1] / "artefacts" / "journey"
SLOW = 120_000  # ms; real encoding on a busy machine
NEW_LINE = "Sag boluň! Siz bize köp kömek etdiňiz."


class Desk:
    """One person at their own browser; keeps screenshots, and every error its console saw."""

    def __init__(self, browser: Browser, house, email: str) -> None:
        context = browser.new_context(base_url=house.base, viewport={"width": 1280, "height": 900})
        self.page: Page = context.new_page()
        self.page.set_default_timeout(20_000)
        self.name = email.partition("@")[0]
        self.errors: list[str] = []
        self.shots = 0
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto("/")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(house.passwords[email])
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} {message.location}")

    def shot(self, what: str) -> None:
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.shots += 1
        self.page.screenshot(
            path=ARTEFACTS / f"{self.name}-{self.shots:02d}-{what}.png", full_page=True
        )

    def button(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()


def test_three_people_take_a_film_from_upload_to_download(
    browser, running_house, samples, tmp_path
) -> None:
    people = {
        email.partition("@")[0]: Desk(browser, running_house, email)
        for email in running_house.passwords
    }
    producer, translator, reviewer = (people[r] for r in ("producer", "translator", "reviewer"))

    # The producer makes the project, adds the others and uploads the film.
    producer.page.goto("/projects/new")
    producer.page.get_by_label("Title").fill("Victims not villains")
    producer.button("Create the project")
    for role in ("translator", "reviewer"):
        producer.page.get_by_label("E-mail", exact=True).fill(f"{role}@terjime.example")
        producer.page.get_by_label("Role", exact=True).select_option(role)
        producer.button("Add")
    producer.shot("project")
    producer.page.get_by_label("Upload a film").set_input_files(samples / "rights.mp4")
    expect(producer.page.get_by_role("link", name="rights.mp4")).to_be_visible(timeout=SLOW)
    producer.shot("film-arrives")
    project = producer.page.url

    # The translator adds both subtitle files and aligns the Turkmen one.
    page = translator.page
    for name, language, kind in (
        ("rights.en.srt", "en", "reference"),
        ("rights.tk.unaligned.srt", "tk", "subtitle"),
    ):
        page.goto(project)
        if not page.get_by_label("Subtitle file").first.is_visible():
            page.get_by_text("Add a subtitle file", exact=True).click()
        page.get_by_label("Subtitle file").first.set_input_files(samples / name)
        form = page.locator("form", has=page.get_by_label("Subtitle file")).first
        form.locator("[name=language]").select_option(language)
        form.locator("[name=kind]").select_option(kind)
        form.get_by_role("button", name="Add the track").click()
        expect(page).to_have_url(re.compile("/tracks/"))
    desk = page.url
    expect(page.locator("[data-island=desk]")).to_be_visible()
    producer.page.reload()
    expect(producer.page.get_by_text("Ready", exact=True).first).to_be_visible(timeout=SLOW)
    page.reload()
    translator.shot("desk-unaligned")
    translator.button("Align")
    page.locator("#align-dialog").get_by_role("button", name="Align").click()
    link = page.get_by_role("link", name="Look at the new times").first
    expect(link).to_be_visible(timeout=SLOW)
    link.click()
    expect(page.get_by_role("button", name="Accept all")).to_be_visible()
    translator.shot("proposal")
    translator.button("Accept all")

    # They mend the last line; it is saved by itself.
    page.goto(desk)
    page.locator("[data-part=list]").evaluate("list => { list.scrollTop = list.scrollHeight }")
    last = page.locator("[data-part=list]").get_by_text("Sag boluň", exact=False).first
    last.click()
    text = page.locator("[data-part=list] textarea").first
    text.fill(NEW_LINE)
    expect(page.locator("[data-part=status]")).to_have_text(re.compile("^Saved"), timeout=20_000)
    translator.shot("desk-edited")
    translator.button("Submit")
    dialog = page.locator("#submit-dialog")
    dialog.get_by_label("Note for the reviewer").fill("Birinji nusga")
    dialog.get_by_label("I have seen the findings that remain").check()
    dialog.get_by_role("button", name="Submit").click()
    expect(page.get_by_text(re.compile(r"v1 · [0-9a-f]{8}")).first).to_be_visible()
    translator.shot("submitted")

    # A producer cannot render it yet, and is told so.
    producer.page.goto(f"{desk}/delivery")
    expect(producer.page.get_by_text("Nothing is approved yet.")).to_be_visible()

    # The reviewer finds it in their work, watches the build and approves.
    page = reviewer.page
    page.goto("/")
    reviewer.shot("my-work")
    page.goto(desk)
    page.get_by_role("link", name=re.compile("v1 · ")).first.click()
    expect(page.get_by_text("You watch the review build")).to_be_visible(timeout=SLOW)
    page.reload()
    page.get_by_label("Comment at").fill("Gowy terjime.")
    page.locator("[data-part=comment-form]").get_by_role("button", name="Comment").click()
    expect(page.get_by_text("Gowy terjime.")).to_be_visible()
    page.evaluate("document.querySelector('video').muted = true")
    page.get_by_role("button", name="Play or pause").click()
    expect(page.locator("[data-part=timecode]")).to_have_text(re.compile("^00:00:0[2-9]"))
    page.get_by_role("button", name="Play or pause").click()
    assert page.evaluate("document.querySelector('video').videoWidth") > 0
    reviewer.shot("review")
    reviewer.button("Approve")
    expect(page.get_by_text(re.compile("Approved · Murat")).first).to_be_visible()
    reviewer.shot("approved")

    # The producer renders and downloads exactly that.
    page = producer.page
    page.goto(f"{desk}/delivery")
    page.get_by_role("button", name="Render v1").click()
    download = page.get_by_role("link", name=re.compile("^Download"))
    expect(download).to_be_visible(timeout=SLOW)
    producer.shot("delivery")
    with page.expect_download() as arriving:
        download.click()
    final = tmp_path / "final.mp4"
    arriving.value.save_as(final)
    assert hashlib.sha256(final.read_bytes()).hexdigest() in page.content()

    # The translator goes on: version 2 is another film than the approved one, and the page names the cue.
    page = translator.page
    page.goto(desk)
    page.locator("[data-part=list]").get_by_text("Biz olary goramaly").first.click()
    page.locator("[data-part=list] textarea").first.fill("Biz olary hökman goramaly.")
    expect(page.locator("[data-part=status]")).to_have_text(re.compile("^Saved"), timeout=20_000)
    page.reload()
    translator.button("Submit")
    dialog = page.locator("#submit-dialog")
    dialog.get_by_label("I have seen the findings that remain").check()
    dialog.get_by_role("button", name="Submit").click()
    expect(page.get_by_text(re.compile(r"v2 · [0-9a-f]{8}")).first).to_be_visible()
    producer.page.get_by_role("button", name="Render v1").click()  # on the page as it was before
    expect(producer.page.get_by_text("Biz olary hökman goramaly.").first).to_be_visible()
    producer.shot("changed-since")
    producer.page.goto(f"{desk}/delivery")  # and on a page opened anew
    expect(producer.page.get_by_text("Changed since the approval")).to_be_visible()
    expect(producer.page.get_by_text("Biz olary hökman goramaly.").first).to_be_visible()
    producer.errors = [error for error in producer.errors if "409 (CONFLICT)" not in error]

    assert {person.name: person.errors for person in people.values()} == {
        "producer": [],
        "translator": [],
        "reviewer": [],
    }
