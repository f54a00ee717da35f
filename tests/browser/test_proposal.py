"""The proposal: a person goes through its segments, takes one, leaves another, and takes a decision back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ARTEFACTS, World, run_jobs
from tests.browser.test_pages import sideways, violations, watched
from tests.builders import ready_film, srt
from workflow import stages

pytestmark = pytest.mark.browser

SignIn = Callable[..., Page]

#: Times of the film, and those of a copy with another head and half a minute more before its middle.
TOLD = [
    (0.3 * n + 0.02 * (n * n % 7), 0.3 * n + 0.19 + 0.01 * (n * 5 % 4), f"Setir {n + 1}")
    for n in range(48)
]
COPY = [(s + 2 + 30 * (n >= 24), e + 2 + 30 * (n >= 24), t) for n, (s, e, t) in enumerate(TOLD)]


@pytest.fixture
def proposal(world: World) -> tuple[str, str]:
    """(its track, itself): a proposal of two segments."""
    film = ready_film(world.team, name="recut.mp4")
    reference = stages.import_track(
        world.house,
        world.team.translator,
        film,
        srt(*TOLD),
        name="en.srt",
        language="en",
        kind="reference",
    ).summary.id
    track = stages.import_track(
        world.house, world.team.translator, film, srt(*COPY), name="tk.srt", language="tk"
    ).summary.id
    stages.start_alignment(
        world.house, world.team.translator, track, reference_track=reference, speech=False
    )
    for _ in range(100):
        run_jobs(world.house)
        if found := stages.track_view(world.house, track, world.team.translator).proposal:
            return track, found.id
    raise AssertionError("no proposal came")


def placed(world: World, track: str) -> dict[str, int]:
    return {cue.text: cue.start for cue in stages.load_draft(world.house, track)}


def test_one_segment_is_accepted_another_left_and_a_decision_taken_back_by_keys(
    as_person: SignIn, world: World, proposal: tuple[str, str]
) -> None:
    track, named = proposal
    before = placed(world, track)
    page = as_person("ayna")
    complaints = watched(page)
    page.goto(f"/proposals/{named}")
    rows = page.locator("[data-segment]")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_have_attribute("aria-current", "true")
    page.keyboard.press("j")
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    page.keyboard.press("a")
    expect(rows.nth(1)).to_contain_text("accepted")
    expect(rows.nth(1)).to_have_attribute("aria-current", "true")
    after = placed(world, track)
    assert [text for text in before if before[text] != after[text]] == [
        f"Setir {n}" for n in range(25, 49)
    ]
    page.keyboard.press("k")
    page.keyboard.press("r")
    expect(rows.nth(0)).to_contain_text("left as it was")
    expect(page.get_by_text("Everything is decided.")).to_be_visible()
    shots(page, "proposal-decided")
    page.keyboard.press("u")
    expect(rows.nth(0).get_by_role("button", name="Accept segment 1")).to_be_visible()
    assert placed(world, track) == after
    shots(page, "proposal-half")
    page.keyboard.press("u")
    expect(rows.nth(1).get_by_role("button", name="Accept segment 2")).to_be_visible()
    assert placed(world, track) == before
    assert violations(page) == []
    assert complaints == []
    page.goto(f"/tracks/{track}")
    page.click("[data-open=history-dialog]")
    lines = page.locator("#history-dialog li")
    expect(lines.nth(0)).to_contain_text("A decision on new times taken back · 24 cues")
    expect(lines.nth(2)).to_contain_text("New times left · segment 1 of 2 · 24 cues")
    expect(lines.nth(3)).to_contain_text("New times accepted · segment 2 of 2 · 24 cues")
    page.screenshot(path=ARTEFACTS / "proposal-history.jpeg", quality=70)


def test_single_cues_are_taken_or_left_and_the_rest_at_once(
    as_person: SignIn, world: World, proposal: tuple[str, str]
) -> None:
    track, named = proposal
    before = placed(world, track)
    page = as_person("ayna")
    page.goto(f"/proposals/{named}")
    boxes = page.locator("input[name=uid]")
    for box in boxes.all():
        box.uncheck()
    boxes.nth(0).check()
    page.get_by_role("button", name="Leave the chosen").click()
    expect(boxes).to_have_count(47)
    assert placed(world, track) == before
    page.get_by_role("button", name="Accept the rest").click()
    expect(page).to_have_url(re.compile(f"/tracks/{track}"))
    after = placed(world, track)
    assert [text for text in before if before[text] == after[text]] == ["Setir 1"]


def shots(page: Page, name: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for width, scheme in ((390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.screenshot(
            path=ARTEFACTS / f"{name}-{width}-{scheme}.jpeg", quality=70, full_page=width > 900
        )
        assert sideways(page) <= 0
