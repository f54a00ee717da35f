"""XLIFF, TMX and SCC: what translation tools make of a track, and what comes back."""

from __future__ import annotations

import pytest
from lxml import etree

from tests.tracks.makers import losses, read, repairs, write
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND
from workflow.tracks.cues import Cue
from workflow.tracks.formats import format_named

SECOND = FLICKS_PER_SECOND
CUES = (
    Cue("u1", SECOND, 2 * SECOND, "<i>Salam</i>,\ndost  jan", "Aýna", "soraň", 8),
    Cue("u2", 3 * SECOND, 4 * SECOND, "5 < 6 & hä"),
)
SOURCES = ("<i>Hello</i>,\nfriend", "5 < 6 & eh")
NAMES = ["xliff1.2", "xliff2.1", "tmx"]


@pytest.mark.parametrize("name", NAMES)
def test_a_translation_file_with_sources_comes_back_as_the_track_it_was(name: str) -> None:
    exported = write(CUES, name, sources=SOURCES, title="Adam söwdasy")
    imported = read(exported.data)
    assert imported.cues == CUES
    assert exported.losses == ()
    assert losses(imported) == ["COLUMN_LEFT"]


@pytest.mark.parametrize("name", NAMES)
def test_the_original_is_read_where_its_language_is_asked_for(name: str) -> None:
    data = write(CUES, name, sources=SOURCES).data
    assert [c.text for c in read(data, language="en").cues] == list(SOURCES)


@pytest.mark.parametrize("name", NAMES)
def test_without_sources_the_cue_itself_is_what_is_to_be_translated(name: str) -> None:
    data = write(CUES, name, language="en").data
    imported = read(data)
    assert imported.cues == CUES
    assert b"<target" not in data


def test_xliff_12_has_ids_widths_spaces_and_codes_as_tools_want_them() -> None:
    root = etree.fromstring(write(CUES, "xliff1.2", sources=SOURCES).data)
    unit = root.find(".//{*}trans-unit")
    assert (root.get("version"), unit.get("id"), unit.get("maxwidth")) == ("1.2", "u1", "84")
    assert unit.get("size-unit") == "char"
    assert unit.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"
    target = unit.find("{*}target")
    assert [etree.QName(code).localname for code in target] == ["bpt", "ept"]
    assert target[0].get("ctype") == "italic"


def test_xliff_21_has_segments_and_ids_and_its_codes_hold_no_text() -> None:
    root = etree.fromstring(write(CUES, "xliff2.1", sources=SOURCES).data)
    assert (root.get("version"), root.get("srcLang"), root.get("trgLang")) == ("2.1", "en", "tk")
    assert [unit.get("id") for unit in root.iter("{*}unit")] == ["u1", "u2"]
    code = root.find(".//{*}target/{*}sc")
    assert (code.get("subType"), code.text) == ("xlf:i", None)


def test_codes_of_other_tools_are_taken_for_ours_or_named() -> None:
    text = (
        '<xliff version="1.2"><file source-language="en" target-language="tk"><body><trans-unit id="7">'
        '<source>x</source><target>A<g id="1" ctype="bold">b</g> <x id="2" ctype="lb"/>c'
        '<ph id="3">{0}</ph></target></trans-unit></body></file></xliff>'
    )
    imported = read(text)
    assert imported.cues[0].text == "A<b>b</b>\nc"
    assert losses(imported) == ["TAG_DROPPED", "COLUMN_LEFT"]
    assert repairs(imported) == ["NO_TIMES"]


def test_a_memory_with_its_usual_document_type_is_read_in_turkmen() -> None:
    text = (
        '<?xml version="1.0"?>\n<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx version="1.4"><header/><body><tu>'
        '<tuv xml:lang="tk-TM"><seg>Salam</seg></tuv><tuv xml:lang="en"><seg>Hello</seg></tuv></tu></body></tmx>'
    )
    imported = read(text)
    assert [c.text for c in imported.cues] == ["Salam"]
    assert repairs(imported) == ["NO_TIMES"]


@pytest.mark.parametrize("root", ["tmx", "xliff"])
def test_69_entities_in_translation_files_are_refused(root: str) -> None:
    evil = f'<!DOCTYPE {root} [<!ENTITY a SYSTEM "file:///etc/passwd">]><{root}><body>&a;</body></{root}>'
    with pytest.raises(BadInput, match="document type"):
        read(evil)


SCC = """Scenarist_SCC V1.0

00:00:01:00\t9420 9420 94ae 94ae 9470 9470 c8e5 ecec ef80 942f 942f

00:00:03:00\t942c 942c
"""


def test_scc_is_read_and_says_what_it_leaves_out() -> None:
    imported = read(SCC)
    assert [c.text for c in imported.cues] == ["Hello"]
    assert imported.cues[0].start // SECOND == 1
    assert losses(imported) == ["STYLES_DROPPED"]


def test_scc_is_not_written_and_the_reason_is_said() -> None:
    with pytest.raises(BadInput) as caught:
        format_named("scc")
    assert "Turkmen cannot be carried" in caught.value.message


def test_a_damaged_scc_is_refused_with_its_line() -> None:
    with pytest.raises(BadInput) as caught:
        read(SCC.replace("942c 942c", "942c 94"))
    assert (caught.value.code, caught.value.where) == ("FORMAT", "line 5")
