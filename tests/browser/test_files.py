"""Subtitle files in the browser: old letters, findings mended by keys, out in other formats and back again."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.browser.conftest import ARTEFACTS, SignIn, World
from tests.browser.test_pages import violations, watched
from tests.builders import srt
from workflow import stages
from workflow.tracks.formats import read_subtitles

pytestmark = pytest.mark.browser

SHOTS = ARTEFACTS.parent / "files"
#: Ten things that the checks mend: spaces, dots, a space before a mark, a small letter after a full stop.
LATIN = srt(
    (0.04, 0.4, "Ýaşulylar  gelýär..."),
    (0.42, 0.9, "Bu ýerde nähili işler bar ?"),
    (0.96, 1.4, "Şeýle bolsun. ýöne ýuwaş."),
    (1.44, 1.92, "Çagalar öýde galdy,  žurnal okady."),
)
CYRILLIC = srt(
    (0.04, 0.5, "Яшулылар гелйәр."),
    (0.6, 1.1, "Бу ерде нәхили ишлер бар?"),
    (1.2, 1.9, "Шейле болсун, йөне юваш, өңки ялы."),
)

MEMORY = (
    "<tmx version='1.4'><header/><body><tu><tuv xml:lang='en'><seg>Söz 0 Söz 1</seg></tuv>"
    "<tuv xml:lang='tk'><seg>Iki söz aýdyldy.</seg></tuv></tu></body></tmx>"
)


def shot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def upload(page: Page, world: World, data: bytes, name: str, language: str = "tk") -> None:
    page.goto(f"/projects/{world.team.project_id}")
    if not page.get_by_label("Subtitle file").is_visible():
        page.get_by_text("Add a subtitle file", exact=True).click()
    page.get_by_label("Subtitle file").set_input_files(
        {"name": name, "mimeType": "text/plain", "buffer": data}
    )
    form = page.locator("form", has=page.get_by_label("Subtitle file")).first
    form.locator("[name=language]").select_option(language)
    form.get_by_role("button", name="Add the track").click()


def take_by_key(page: Page, key: str, letters: str) -> str:
    """The previews stand there; the key chooses one, Enter takes it. Returns the new track."""
    expect(page.get_by_role("heading", name="Which letters are right?")).to_be_visible()
    assert page.locator(".reading").count() >= 2
    expect(page.locator(".reading").first).to_contain_text(letters)
    expect(page.locator(".reading mark").first).to_be_visible()
    page.wait_for_selector("[data-island=received][data-ready]")
    page.keyboard.press("2")
    expect(page.locator("[data-key='2']")).to_be_checked()
    page.keyboard.press(key)
    expect(page.locator(f"[data-key='{key}']")).to_be_checked()
    assert violations(page) == []
    return page.url


def findings_of(world: World, track: str) -> list[dict[str, object]]:
    return [f for f in stages.findings(world.house, track) if f["fix"]]


def test_an_old_file_is_read_mended_by_keys_exported_and_taken_back(
    as_person: SignIn, world: World, tmp_path: Path
) -> None:
    page = as_person("ayna")
    complaints = watched(page)

    # A Cyrillic file in an old code page: the previews, then its letters.
    upload(page, world, CYRILLIC.decode().encode("ptcp154"), "old-cyrillic.srt", "tk-Cyrl")
    take_by_key(page, "1", "Яшулылар гелйәр")
    shot(page, "cyrillic-previews")
    page.keyboard.press("Enter")
    page.wait_for_selector(".desk[data-ready]")
    expect(page.locator(".cue[data-index='1']")).to_contain_text("ерде")

    # A windows-1250 file with much to mend.
    before = len(
        stages.project_view(world.house, world.team.project_id, world.team.producer).tracks
    )
    upload(page, world, LATIN.decode().encode("cp1250"), "old.srt")
    take_by_key(page, "1", "Ýaşulylar")
    tracks = stages.project_view(world.house, world.team.project_id, world.team.producer).tracks
    assert len(tracks) == before, "nothing is imported before the letters are chosen"
    shot(page, "latin-previews")
    page.keyboard.press("Enter")
    page.wait_for_selector(".desk[data-ready]")
    track = page.url.rpartition("/")[2]
    texts = world.texts(track)
    assert texts[3] == "Çagalar öýde galdy,  žurnal okady."
    assert findings_of(world, track)

    # One cue by key: the difference first, Enter takes it, undo works.
    page.keyboard.press("F8")
    page.locator(".cue[data-index='0']").click()
    page.keyboard.press("Alt+f")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("Mending changes 1 cue")
    assert world.texts(track) == texts
    page.keyboard.press("Enter")
    saved(page)
    assert world.texts(track)[0] == "Ýaşulylar gelýär…"
    page.keyboard.press("Control+z")
    saved(page)
    assert world.texts(track) == texts

    # All of them: the list of differences, Enter takes them.
    page.keyboard.press("Alt+l")
    expect(page.locator("[data-part=findings]")).to_be_visible()
    shot(page, "findings")
    page.keyboard.press("Alt+Shift+f")
    expect(dialog).to_contain_text("Mending changes")
    expect(dialog.locator("ins").first).to_be_visible()
    assert violations(page) == []
    shot(page, "mends")
    page.keyboard.press("Enter")
    saved(page)
    assert world.texts(track) == [
        "Ýaşulylar gelýär…",
        "Bu ýerde nähili işler bar?",
        "Şeýle bolsun. Ýöne ýuwaş.",
        "Çagalar öýde galdy, žurnal okady.",
    ]
    # What remains has no room in a film of two seconds; a second go changes nothing.
    assert {finding["rule"] for finding in findings_of(world, track)} <= {"T01", "T05", "T06"}
    page.keyboard.press("Alt+Shift+f")
    expect(page.locator("[data-part=status]")).to_contain_text("Nothing here can be mended")

    # Out as STL, with what it loses before the download; and as a workbook.
    stl = exported(page, track, "stl", tmp_path)
    read = read_subtitles(stl.read_bytes(), uid=lambda: "a")
    assert [cue.text for cue in read.cues][1] == "Bu ýerde nähili işler bar?"
    shot(page, "export-stl")
    book = exported(page, track, "xlsx", tmp_path)

    # The workbook is edited and taken back: one change, the same cues.
    uids = [cue["uid"] for cue in stages.draft(world.house, track).cues]
    page.goto(f"/tracks/{track}")
    page.wait_for_selector(".desk[data-ready]")
    page.get_by_role("button", name="New file").click()
    page.get_by_label("Subtitle file").set_input_files(
        {"name": "tk.xlsx", "mimeType": "application/zip", "buffer": edited(book, "Gelýärler.")}
    )
    page.get_by_role("button", name="Read it in").click()
    expect(page.get_by_role("heading", name="What this file would change")).to_be_visible()
    expect(page.locator(".change")).to_have_count(1)
    expect(page.locator(".change ins")).to_contain_text("Gelýärler")
    assert violations(page) == []
    shot(page, "workbook-difference")
    page.get_by_role("button", name="Take it").click()
    page.wait_for_selector(".desk[data-ready]")
    assert world.texts(track)[0] == "Gelýärler."
    assert [cue["uid"] for cue in stages.draft(world.house, track).cues] == uids
    shot(page, "desk-after")
    assert complaints == []


def saved(page: Page) -> None:
    expect(page.locator(".desk")).to_have_attribute("data-state", "saved")
    expect(page.locator("[data-part=status]")).to_have_text(re.compile("^Saved"))


def exported(page: Page, track: str, name: str, folder: Path) -> Path:
    page.goto(f"/tracks/{track}/export")
    page.locator(f"input[value={name}]").check()
    page.get_by_role("button", name="Show what it holds").click()
    expect(page.get_by_text("read back by a second reader")).to_be_visible()
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def edited(book: Path, text: str) -> bytes:
    """The first cue's text changed, as a translator with a table program would."""
    opened = load_workbook(book)
    sheet = opened.active
    heads = [str(cell.value) for cell in sheet[1]]
    column = next(i for i, head in enumerate(heads, 1) if head.startswith("text ("))
    sheet.cell(2, column).value = text
    out = io.BytesIO()
    opened.save(out)
    return out.getvalue()


def test_words_reasons_and_matches_are_a_key_away(as_person: SignIn, world: World) -> None:
    team, house = world.team, world.house
    stages.import_memory(
        house,
        team.producer,
        None,
        MEMORY.encode(),
        name="old.tmx",
    )
    track = world.track("Keys for words", (0.0, 0.2, "bu zyrtywapdyr söz..."))
    page = as_person("ayna")
    page.goto(f"/tracks/{track}")
    page.wait_for_selector(".desk[data-ready][data-findings]")

    def rules() -> set[str]:
        return {f["rule"] for f in stages.findings(house, track) if not f["ignored"]}

    assert {"M07", "X05"} <= rules()

    page.keyboard.press("Alt+a")
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text("zyrtywapdyr")
    assert violations(page) == []
    dialog.get_by_role("button", name="It is right").click()
    expect(dialog).to_have_count(0)
    assert "M07" not in rules()

    page.keyboard.press("Alt+l")
    line = page.locator("[data-part=findings] li", has_text="X05")
    line.get_by_role("button", name="Set aside").click()
    dialog.get_by_label("Why is it right as it is?").fill("Müşderi şeýle isleýär")
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=findings]")).to_contain_text("Müşderi şeýle isleýär")
    assert "X05" not in rules()

    expect(page.locator("[data-part=beside]")).to_contain_text("Iki söz aýdyldy.")
    page.keyboard.press("Alt+r")
    saved(page)
    assert world.texts(track) == ["Iki söz aýdyldy."]
    page.keyboard.press("Control+z")
    saved(page)
    assert world.texts(track) == ["bu zyrtywapdyr söz..."]
