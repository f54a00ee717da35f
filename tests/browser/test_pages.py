"""Every page at both widths and in both themes: no error, nothing sideways, nothing that axe objects to."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Error, Page, expect

from tests.browser.conftest import ARTEFACTS, CHECKOUT, SignIn, World

pytestmark = pytest.mark.browser

AXE = CHECKOUT / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FULLY = {(360, "light"), (1280, "dark")}

PAGES: dict[str, tuple[str, Callable[[World], str]]] = {
    "work": ("ayna", lambda w: "/"),
    "projects": ("jeren", lambda w: "/projects"),
    "new project": ("jeren", lambda w: "/projects/new"),
    "project": ("jeren", lambda w: f"/projects/{w.team.project_id}"),
    "film": ("ayna", lambda w: f"/films/{w.film}"),
    "desk": ("ayna", lambda w: f"/tracks/{w.draft}"),
    "long desk": ("ayna", lambda w: f"/tracks/{w.long_track}"),
    "desk of a reader": ("murat", lambda w: f"/tracks/{w.draft}"),
    "proposal": ("ayna", lambda w: f"/proposals/{w.proposal}"),
    "review": ("murat", lambda w: f"/versions/{w.new_version}"),
    "old version": ("murat", lambda w: f"/versions/{w.old_version}"),
    "delivery": ("jeren", lambda w: f"/tracks/{w.approved_track}/delivery"),
    "nothing to deliver": ("ayna", lambda w: f"/tracks/{w.draft}/delivery"),
    "jobs": ("jeren", lambda w: "/jobs"),
    "people": ("admin", lambda w: "/people"),
    "me": ("ayna", lambda w: "/me"),
    "help": ("ayna", lambda w: "/help"),
    "what is this file": ("murat", lambda w: "/what-is-this-file"),
}


def watched(page: Page) -> list[str]:
    """Everything the page complains about from now on."""
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def on_error(error: Error) -> None:
        complaints.append(str(error))

    page.on("console", on_console)
    page.on("pageerror", on_error)
    return complaints


def settle(page: Page) -> None:
    """Islands are mounted and fonts are there."""
    page.wait_for_load_state("load")
    expect(page.locator("[data-island]:not([data-ready])")).to_have_count(0)
    page.evaluate("document.fonts.ready.then(() => true)")


def sideways(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    wider: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wider


ALL_RULES: dict[str, Any] = {"type": "tag", "values": TAGS}
RULES_OF_COLOUR: dict[str, Any] = {"type": "rule", "values": ["color-contrast"]}


def violations(page: Page, rules: dict[str, Any] = ALL_RULES) -> list[Any]:
    """axe-core is injected through the debugger, so the page's own policy stays as it is."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations'], preload: false})",
        rules,
    )
    return [(each["id"], [n["target"] for n in each["nodes"]]) for each in found["violations"]]


@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole_accessible_and_never_wider_than_the_window(
    name: str, as_person: SignIn, world: World
) -> None:
    who, address = PAGES[name]
    page = as_person(who, viewport={"width": 360, "height": 740})
    complaints = watched(page)
    page.goto(address(world))
    settle(page)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for width, scheme in product((360, 1280), ("light", "dark")):
        page.set_viewport_size({"width": width, "height": 740})
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=ARTEFACTS / f"{name}-{width}-{scheme}.jpeg", quality=70)
        assert sideways(page) <= 0, f"{width} px"
        # All rules at each width once, and the colours of both themes at both.
        rules = ALL_RULES if (width, scheme) in FULLY else RULES_OF_COLOUR
        assert violations(page, rules) == [], f"{width} px, {scheme}"
    assert complaints == []


def test_sign_in_page_is_accessible_and_says_what_was_wrong(
    as_person: SignIn, world: World
) -> None:
    page = as_person("")
    page.goto("/projects")
    expect(page).to_have_url(re.compile(r"/sign-in\?next=%2Fprojects|/sign-in\?next=/projects"))
    assert violations(page) == []
    page.fill("#email", "ayna@example.org")
    page.fill("#password", "not the password")
    page.click("button.primary")
    page.wait_for_selector("[role=alert]")
    assert page.input_value("#email") == "ayna@example.org"
    assert violations(page) == []


def test_pages_speak_turkmen_and_keep_their_shape_on_a_phone(
    as_person: SignIn, world: World
) -> None:
    page = as_person("ayna", viewport={"width": 360, "height": 740})
    page.goto("/me")
    page.select_option("#locale", "tk")
    page.click("main button.primary")
    try:
        for address in ("/", f"/projects/{world.team.project_id}", f"/tracks/{world.draft}"):
            page.goto(address)
            settle(page)
            assert page.locator("html").get_attribute("lang") == "tk"
            assert sideways(page) <= 0
        assert page.locator("[data-command='cue/split']").get_attribute("aria-label") == (
            "Setiri şu ýerde böl"
        )
    finally:
        page.goto("/me")
        page.select_option("#locale", "en")
        page.click("main button.primary")


def test_theme_switch_wins_over_the_system_and_is_remembered(
    as_person: SignIn, world: World
) -> None:
    page = as_person("ayna", color_scheme="light")
    page.goto("/")
    settle(page)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click("[data-theme-switch]")
    assert page.evaluate(ground) != light
    page.reload()
    settle(page)
    assert page.evaluate(ground) != light


def test_what_one_may_not_see_is_an_error_page_with_a_code(as_person: SignIn, world: World) -> None:
    page = as_person("ayna")
    answer = page.goto("/people")
    assert answer is not None
    assert answer.status == 403
    assert "NOT_ALLOWED" in page.inner_text("main")
    assert violations(page) == []


def test_work_of_a_person_leads_to_the_next_step(as_person: SignIn, world: World) -> None:
    page = as_person("murat")
    page.goto("/")
    page.locator(".work-line", has_text="v2").get_by_role("link", name="Review").click()
    page.wait_for_url(f"**/versions/{world.new_version}")
    page.goto(f"/versions/{world.old_version}")
    page.click("text=Go to v2")
    page.wait_for_url(f"**/versions/{world.new_version}")
