"""A training room plays from file://, with the network closed, in a real Chromium without any favour."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.delivery.materials import CUES, film, material
from tests.render.reels import QUICK, make_reel
from workflow.delivery.contents import Stored
from workflow.delivery.room import room_items, room_page
from workflow.render.recipe import Recipe
from workflow.render.segments import FolderSegments

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="module")
def stick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory stick with a package on it, as somebody unpacked it: two real films."""
    work, folder = tmp_path_factory.mktemp("room"), tmp_path_factory.mktemp("stick") / "Ýol 1 #a"
    reel = make_reel(work, Fraction(25), 125, "testsrc2", (320, 240), "aac")
    made = {"soft.mp4": Recipe(form="soft-mp4"), "burned.mp4": QUICK}
    for name, recipe in made.items():
        reel.render(CUES, work / name, FolderSegments(work / "segments"), recipe)
    films = [
        film(recipe.form, name, file=Stored(name, (work / name).stat().st_size))
        for name, recipe in made.items()
    ]
    for name, body in room_items(material(*films, poster=None)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body if isinstance(body, bytes) else (work / body.sha256).read_bytes())
    return folder


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> Iterator[Browser]:
    """Without the flags that the other tests have: pages of file:// may read nothing here, and no name resolves."""
    opened = browser.browser_type.launch(
        executable_path=browser.browser_type.executable_path
        if Path(browser.browser_type.executable_path).exists()
        else "/usr/bin/chromium",
        args=["--no-sandbox", "--mute-audio", "--host-resolver-rules=MAP * ~NOTFOUND"],
    )
    yield opened
    opened.close()


@pytest.fixture
def room(chromium: Browser, stick: Path) -> Iterator[Page]:
    """The page, opened offline, and not one complaint or request for anything outside the folder."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_offline(True)
    page = context.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((stick / "index.html").as_uri())
    until(page, "v.readyState >= 2")
    yield page
    assert complaints == []
    assert all(url.startswith(stick.as_uri()) for url in asked)
    context.close()


def until(page: Page, what: str) -> None:
    """Wait for the film *v*. Playwright's own waiting evaluates text in the page, which the policy forbids."""
    page.evaluate(
        f"""() => new Promise((done, no) => {{ const v = document.getElementById('video')
            setTimeout(() => no(new Error('waited 20 s')), 20000)
            const look = () => {{ if ({what}) done(); else setTimeout(look, 30) }}; look() }})"""
    )


def shown(page: Page, seconds: float) -> str:
    """What stands over the picture at that time."""
    page.evaluate(
        """t => new Promise(done => { const v = document.getElementById('video')
           const look = (_, frame) => Math.abs(frame.mediaTime - t) < 0.1
             ? requestAnimationFrame(done) : v.requestVideoFrameCallback(look)
           v.requestVideoFrameCallback(look); v.currentTime = t })""",
        seconds,
    )
    return page.locator("#subtitles").inner_text()


def test_the_lines_stand_over_the_film_exactly_while_they_should(room: Page) -> None:
    for at, text in (
        (0.5, ""),
        (0.99, ""),
        (1.0, "Salam, dostlar!"),
        (1.98, "Salam, dostlar!"),
        (2.0, ""),
        (2.6, "Ýagdaýyňyz </script> & nähili?"),
        (3.49, "Ýagdaýyňyz </script> & nähili?"),
        (3.6, ""),
        (4.1, "Sag boluň."),
    ):
        assert shown(room, at) == text, at
    shown(room, 2.6)
    expect(room.locator("#subtitles .top b")).to_have_text("nähili")
    expect(room.locator("#lines li[aria-current]")).to_contain_text("0:02")


def test_it_plays_to_its_end_and_shows_each_line_on_the_way(room: Page) -> None:
    room.evaluate(
        """() => { window.seen = []; document.getElementById('video').playbackRate = 3
           new MutationObserver(() => { const t = document.getElementById('subtitles').innerText
             if (t && seen.at(-1) !== t) seen.push(t) }).observe(document.getElementById('subtitles'), {childList: true}) }"""
    )
    room.click("#play")
    until(room, "v.ended")
    assert room.evaluate("seen") == [
        "Salam, dostlar!",
        "Ýagdaýyňyz </script> & nähili?",
        "Sag boluň.",
    ]


def test_it_is_used_from_the_keyboard_in_three_languages(room: Page) -> None:
    shown(room, 1.5)
    room.keyboard.press("c")
    expect(room.locator("#subtitles")).to_be_empty()
    room.keyboard.press("c")
    expect(room.locator("#subtitles")).to_have_text("Salam, dostlar!")
    room.keyboard.press("ArrowDown")
    expect(room.locator("#subtitles")).to_contain_text("nähili")
    before = room.locator("#subtitles").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    room.keyboard.press("Equal")
    after = room.locator("#subtitles").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert after > before
    room.click("#lines button >> nth=2")
    expect(room.locator("#subtitles")).to_have_text("Sag boluň.")
    for language, word in (("tk", "Oýnat"), ("ru", "Смотреть"), ("en", "Play")):
        room.click(f"#languages [lang={language}]")
        expect(room.locator("#play")).to_have_text(word)
        assert room.locator("html").get_attribute("lang") == language
    room.evaluate("document.activeElement.blur()")
    room.keyboard.press("Space")
    until(room, "!v.paused")
    room.keyboard.press("Space")
    until(room, "v.paused")


def test_a_film_with_drawn_subtitles_gets_no_second_ones(room: Page) -> None:
    room.click("#films button >> nth=1")
    until(room, "v.readyState >= 2")
    assert shown(room, 1.5) == ""
    expect(room.locator("#drawn")).to_be_visible()
    expect(room.locator("#text")).to_be_disabled()
    room.click("#films button >> nth=0")
    until(room, "v.readyState >= 2")
    assert shown(room, 1.5) == "Salam, dostlar!"


def test_a_film_that_does_not_open_is_said_in_words(room: Page) -> None:
    room.evaluate("document.getElementById('video').dispatchEvent(new Event('error'))")
    expect(room.locator("#problem")).to_contain_text("copy the folder again")


def test_the_page_fits_a_phone_and_axe_objects_to_nothing(room: Page) -> None:
    pictures = Path(__file__).parents[1] / "artefacts" / "pages"
    pictures.mkdir(parents=True, exist_ok=True)
    shown(room, 1.5)
    for width in (360, 1280):
        for scheme in ("light", "dark"):
            room.set_viewport_size({"width": width, "height": 800})
            room.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            room.screenshot(path=pictures / f"training room-{width}-{scheme}.jpeg", quality=70)
            assert room.evaluate("document.documentElement.scrollWidth") <= width
            if not room.evaluate("'axe' in window"):
                room.evaluate(AXE.read_text())
            found = room.evaluate(
                "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'], preload: false})"
            )
            assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]] == []


def test_a_title_is_text_and_nothing_is_loaded_from_anywhere() -> None:
    title = "<script>alert(1)</script> {{data}} & Söhbet"
    page = room_page(material(title=title), ["films/a.mp4"]).decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{data}} &amp; Söhbet" in page
    assert not re.search(r"(?:https?:)?//[a-z]", page.replace("// ", ""))
