"""What can be said of the pages without opening one."""

from __future__ import annotations

import json
import re
from string import Formatter

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from tests.browser.conftest import CHECKOUT
from web.pages import changes, core_words, lanes
from workflow.qc import RULES
from workflow.tracks.text import count_characters

TEMPLATES = sorted((CHECKOUT / "web" / "templates").rglob("*.html"))
ISLANDS = sorted((CHECKOUT / "web" / "islands").rglob("*.ts"))
CATALOGUES = sorted((CHECKOUT / "web" / "translations").glob("*/LC_MESSAGES/messages.po"))
COUNTED = json.loads((CHECKOUT / "tests" / "shared" / "counting.json").read_text("utf-8"))


@pytest.mark.parametrize("case", COUNTED, ids=lambda case: case["what"])
def test_server_counts_characters_by_the_table_that_the_editor_is_held_to(
    case: dict[str, object],
) -> None:
    assert count_characters(str(case["text"])) == case["count"]


def test_lock_file_names_no_registry_and_every_version_is_exact() -> None:
    lock = json.loads((CHECKOUT / "package-lock.json").read_text())
    assert [name for name, found in lock["packages"].items() if "resolved" in found] == []
    package = json.loads((CHECKOUT / "package.json").read_text())
    wanted = package["dependencies"] | package["devDependencies"]
    assert [name for name, version in wanted.items() if not re.fullmatch(r"[\d.]+", version)] == []


def test_templates_hold_no_inline_script_and_no_inline_style() -> None:
    """The content security policy would switch them off without a word."""
    for template in TEMPLATES:
        text = template.read_text("utf-8")
        assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", text), template.name
        for script in re.findall(r"<script[^>]*>", text):
            assert 'src="' in script or 'type="application/json"' in script, template.name


def test_nothing_on_a_page_comes_from_another_address() -> None:
    for file in (*TEMPLATES, *ISLANDS):
        found = re.findall(r"https?://[^\s\"'`]+", file.read_text("utf-8"))
        assert [each for each in found if "www.w3.org" not in each] == [], file.name


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    sprite = (CHECKOUT / "web" / "static" / "icons.svg").read_text()
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    used: set[str] = set()
    for template in TEMPLATES:
        text = template.read_text("utf-8")
        used |= set(re.findall(r'icon\("([a-z-]+)"\)', text))
        used |= set(re.findall(r'tool\("[^"]+", "([a-z-]+)"', text))
    for island in ISLANDS:
        used |= set(re.findall(r"icon\('([a-z-]+)'\)", island.read_text("utf-8")))
    assert used
    assert used - known == set()


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parent.parent.name)
def test_translations_keep_every_place_that_is_filled_in(path) -> None:  # type: ignore[no-untyped-def]
    with path.open("rb") as file:
        catalogue = read_po(file)
    translated = [message for message in catalogue if message.id and _strings(message)[0]]
    assert len(translated) >= 120
    for message in translated:
        source = message.id if isinstance(message.id, str) else message.id[1]
        for text in _strings(message):
            assert _places(text) == _places(source), message.id


def _strings(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string)


def _places(text: str) -> set[str]:
    named = set(re.findall(r"%\((\w+)\)s", text))
    return named | {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_command_has_its_words_and_every_button_a_command() -> None:
    pages = CHECKOUT / "web" / "pages"
    words = "".join(
        (pages / name).read_text("utf-8") for name in ("script_words.py", "studio_words.py")
    )
    keymap = (CHECKOUT / "web" / "islands" / "shared" / "keymap.ts").read_text("utf-8")
    commands = set(re.findall(r"bind\(\s*'([a-z/-]+)'", keymap))
    assert len(commands) > 30
    assert {name for name in commands if f'"{name}":' not in words} == set()


def test_every_rule_has_its_title_in_the_catalogue() -> None:
    assert {str(title) for title in core_words.RULE_TITLES} == {r.title for r in RULES.values()}


def test_lanes_join_where_a_stretch_was_to_where_it_goes() -> None:
    cues = [
        {"old_start": 0, "old_end": 100, "start": 500, "end": 600, "confidence": 0.9, "segment": 0},
        {
            "old_start": 200,
            "old_end": 300,
            "start": 700,
            "end": 1000,
            "confidence": 0.3,
            "segment": 0,
        },
    ]
    drawn = lanes.draw_lanes(cues, [{"confidence": 0.3}])
    assert drawn.joins == [lanes.Join("M0.0 32H300.0L1000.0 88H500.0Z", weak=True)]
    assert drawn.new == "M500.0 90H600.0V114H500.0Z"
    assert drawn.doubt == "M700.0 90H1000.0V114H700.0Z"


def test_lanes_of_no_cues_are_empty() -> None:
    assert lanes.draw_lanes([], []) == lanes.Lanes("", "", "", [])


def test_only_the_words_that_differ_are_marked_and_markup_is_text() -> None:
    old, new = changes.mark_words("Salam, <i>dost</i>", "Salam, <i>dostum</i>")
    assert old == "Salam, &lt;i&gt;<del>dost</del>&lt;/i&gt;"
    assert new == "Salam, &lt;i&gt;<ins>dostum</ins>&lt;/i&gt;"


def test_a_change_shows_both_times_only_when_they_moved() -> None:
    cue = {"uid": "a", "start": 1, "end": 2, "text": "x"}
    moved, added = changes.change_rows(
        [
            {"uid": "a", "kind": "timing", "old": cue, "new": cue | {"end": 3}},
            {"uid": "b", "kind": "added", "old": None, "new": cue | {"uid": "b"}},
        ],
        [cue, cue | {"uid": "b"}],
    )
    assert moved["moved"] is True
    assert (added["moved"], added["number"], added["old_text"]) == (False, 2, "")
