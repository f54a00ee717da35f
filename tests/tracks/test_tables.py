"""Scripts in CSV, XLSX and DOCX: columns found, formulas harmless, archives no bombs."""

from __future__ import annotations

import datetime
import io
import zipfile
from fractions import Fraction

import openpyxl
import pytest
from docx import Document

from tests.tracks.makers import losses, read, repairs, write
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND, from_ms
from workflow.tracks.cues import Cue
from workflow.tracks.formats import source_hash

SECOND = FLICKS_PER_SECOND
FORMULAS = ("=HYPERLINK(1)", "=1+1", "+1", "-Salam", "@SUM(1)", "'=x", "''-y", " =z", "007", "'a")


def workbook(*rows: tuple[object, ...], title: str = "Sheet") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def document(*rows: tuple[str, ...], before: str = "") -> bytes:
    word = Document()
    if before:
        word.add_paragraph(before)
    if rows:
        table = word.add_table(rows=len(rows), cols=len(rows[0]))
        for row, texts in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    out = io.BytesIO()
    word.save(out)
    return out.getvalue()


@pytest.mark.parametrize("name", ["csv", "xlsx", "docx"])
def test_72_formulas_of_any_kind_are_text_and_come_back_whole(name: str) -> None:
    cues = [Cue(f"u{n}", n * SECOND, (n + 1) * SECOND, text) for n, text in enumerate(FORMULAS)]
    exported = write(cues, name)
    assert [c.text for c in read(exported.data).cues] == list(FORMULAS)
    assert exported.losses == ()


def test_72_a_cell_of_csv_never_begins_as_a_formula() -> None:
    cues = [Cue("u1", 0, SECOND, "=HYPERLINK(1)", speaker="@a", note="-n")]
    data = write(cues, "csv").data
    assert data.startswith(b"\xef\xbb\xbf")
    row = data.decode("utf-8-sig").splitlines()[1]
    assert row == "u1,1,00:00:00.000,00:00:01.000,'@a,'=HYPERLINK(1),'-n,"


def test_72_a_cell_of_a_workbook_is_text_to_excel_too() -> None:
    data = write([Cue("u1", 0, SECOND, "=1+1")], "xlsx").data
    sheet = openpyxl.load_workbook(io.BytesIO(data))["subtitles"]
    cell = sheet["F2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=1+1", "s", True)
    assert sheet.protection.sheet
    assert [sheet[at].protection.locked for at in ("A2", "C2", "D2", "F2")] == [1, 1, 1, 0]


def test_72_hyperlinks_in_a_foreign_csv_are_text_only() -> None:
    imported = read('in,out,text\n00:00:01.000,00:00:02.000,"=HYPERLINK(""http://x"",""y"")"\n')
    assert imported.cues[0].text == '=HYPERLINK("http://x","y")'


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_of_csv_are_found_by_their_heads_in_three_languages(mark: str) -> None:
    heads = (
        ("No", "In", "Out", "Original", "Translation"),
        ("№", "Начало", "Конец", "Оригинал", "Перевод"),
        ("T/b", "Başy", "Soňy", "Asyl", "Terjime"),
    )
    for head in heads:
        rows = [head, ("1", "00:00:01.000", "00:00:02.500", "Hello", "Salam")]
        imported = read("\n".join(mark.join(row) for row in rows))
        assert imported.report.format == "csv"
        cue = imported.cues[0]
        assert (cue.start, cue.end, cue.text) == (SECOND, 5 * SECOND // 2, "Salam")
        assert losses(imported) == ["COLUMN_LEFT"]


def test_columns_without_heads_are_found_by_what_is_in_them() -> None:
    imported = read(
        "1;00:00:01,000;00:00:02,000;Hello there;Salam\n2;00:00:03,000;00:00:04,000;Yes;Hawa\n"
    )
    assert [c.text for c in imported.cues] == ["Salam", "Hawa"]
    assert imported.cues[1].start == 3 * SECOND


def test_the_column_of_the_language_that_is_asked_for_is_read() -> None:
    text = "in,out,English,Русский,Türkmençe\n00:00:01.000,00:00:02.000,Hello,Привет,Salam\n"
    for language, words in (("en", "Hello"), ("ru", "Привет"), ("tk", "Salam"), ("", "Salam")):
        assert read(text, language=language).cues[0].text == words


def test_a_two_column_script_without_times_gets_provisional_ones_and_it_is_told() -> None:
    data = workbook(("English", "Türkmençe"), ("Hello.", "Salam."), ("Where?", "Nirede?"))
    imported = read(data)
    assert [c.text for c in imported.cues] == ["Salam.", "Nirede?"]
    assert repairs(imported) == ["NO_TIMES"]


def test_a_script_that_is_not_translated_yet_is_read_in_the_original_and_it_is_told() -> None:
    data = workbook(
        ("in", "out", "source", "target"), ("00:00:01.000", "00:00:02.000", "Hello", None)
    )
    imported = read(data)
    assert [c.text for c in imported.cues] == ["Hello"]
    assert "COLUMN" in repairs(imported)


def test_times_of_excel_in_each_of_its_kinds_are_read() -> None:
    data = workbook(
        ("in", "out", "text"),
        (datetime.time(0, 0, 1), datetime.time(0, 0, 2), "Bir"),
        (datetime.timedelta(seconds=3), datetime.timedelta(seconds=4), "Iki"),
        (5.5, 6.5, "Üç"),
        ("00:00:07,000", "00:00:08,000", "Dört"),
    )
    imported = read(data)
    assert [c.start for c in imported.cues] == [SECOND, 3 * SECOND, 11 * SECOND // 2, 7 * SECOND]
    assert set(repairs(imported)) == {"TIME_FORM"}


def test_frames_in_a_table_need_the_films_rate() -> None:
    text = "in,out,text\n00:00:01:12,00:00:02:00,Salam\n"
    with pytest.raises(BadInput) as caught:
        read(text)
    assert (caught.value.code, caught.value.where) == ("FRAME_RATE", "line 2")
    assert read(text, frame_rate=Fraction(24)).cues[0].start == 3 * SECOND // 2


def test_an_edited_workbook_comes_back_with_its_uids() -> None:
    cues = [
        Cue("u1", 0, from_ms(1001), "<i>Salam</i>\ndost", "Aýna", "soraň", 8),
        Cue("u2", 2 * SECOND, 3 * SECOND, "Hä?"),
    ]
    book = openpyxl.load_workbook(
        io.BytesIO(write(cues, "xlsx", sources=("Hello\nfriend", "Eh?")).data)
    )
    sheet = book["subtitles"]
    assert [cell.value for cell in sheet[2]][5:7] == ["Hello\nfriend", "<i>Salam</i>\ndost"]
    sheet["G3"] = "Näme?"
    out = io.BytesIO()
    book.save(out)
    imported = read(out.getvalue())
    assert imported.cues[0] == cues[0]
    assert (imported.cues[1].uid, imported.cues[1].text) == ("u2", "Näme?")
    assert losses(imported) == ["COLUMN_LEFT"]


def test_a_workbook_that_comes_back_says_which_source_each_cue_translated() -> None:
    cues = [Cue("u1", 0, SECOND, "Salam"), Cue("u2", SECOND, 2 * SECOND, "Dost")]
    data = write(cues, "xlsx", sources=("Hello", "Friend\nof mine")).data
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book["subtitles"]
    assert sheet["J1"].value == "source hash"
    assert sheet.column_dimensions["J"].hidden
    sheet["F2"] = "Goodbye"
    out = io.BytesIO()
    book.save(out)
    imported = read(out.getvalue())
    now = {"u1": source_hash("Hello"), "u2": source_hash("Friend  of\r\nmine")}
    assert imported.source_hashes == now
    assert losses(imported) == ["COLUMN_LEFT", "SOURCE_EDITED"]
    assert read(write(cues, "xlsx").data).source_hashes == {}


def test_rows_and_sheets_that_are_no_cues_are_named() -> None:
    imported = read(
        "in,out,text\nREEL 2,,\n00:00:01.000,00:00:02.000,Salam\n".replace("REEL 2", "")
    )
    assert losses(imported) == []
    book = openpyxl.load_workbook(
        io.BytesIO(workbook(("in", "out", "text"), ("00:00:01.000", "00:00:02.000", "Salam")))
    )
    book.create_sheet("notes").append(["something"])
    out = io.BytesIO()
    book.save(out)
    assert losses(read(out.getvalue())) == ["SHEET_LEFT"]


@pytest.mark.parametrize("written", ["00:61:00.0", "soon", "2026-11-24"])
def test_65_a_time_of_a_table_that_is_none_is_refused_with_its_row(written: str) -> None:
    with pytest.raises(BadInput) as caught:
        read(f"in,out,text\n{written},00:00:02.000,Salam\n00:00:03.000,00:00:04.000,Dost\n")
    assert (caught.value.code, caught.value.where) == ("BAD_TIME", "line 2")


def test_word_tables_are_read_and_what_stands_beside_them_is_named() -> None:
    data = document(
        ("Wagt", "Original", "Terjime"),
        ("00:00:01.000 - 00:00:02.000", "Hello", "Salam\ndost"),
        before="Taýýarlan: Aýna",
    )
    imported = read(data)
    cue = imported.cues[0]
    assert (cue.start, cue.end, cue.text) == (SECOND, 2 * SECOND, "Salam\ndost")
    assert set(losses(imported)) == {"COLUMN_LEFT", "TEXT_BESIDE_TABLE"}


def test_srt_pasted_into_word_is_read() -> None:
    imported = read(document(before="1\n00:00:01,000 --> 00:00:02,000\nSalam"))
    assert [c.text for c in imported.cues] == ["Salam"]
    assert imported.report.format == "docx"


def test_a_document_without_a_script_is_refused() -> None:
    with pytest.raises(BadInput, match="FORMAT"):
        read(document(before="Salam"))
    with pytest.raises(BadInput, match="FORMAT"):
        read(workbook(("a",), (1,)))


# Archives


def archive(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, body in parts.items():
            made.writestr(name, body)
    return out.getvalue()


def changed(data: bytes, name: str, body: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as given:
        parts = {one: given.read(one) for one in given.namelist()}
    return archive(parts | {name: body})


def test_73_a_workbook_that_swells_is_refused_before_it_is_unpacked() -> None:
    data = changed(workbook(("in", "text")), "xl/worksheets/sheet1.xml", b" " * 200_000_000)
    with pytest.raises(BadInput, match="unpacks to more"):
        read(data)


def test_73_a_part_that_lies_about_its_size_is_counted() -> None:
    data = bytearray(changed(workbook(("a",)), "xl/sharedStrings.xml", b"<a/>" + b" " * 90_000_000))
    at = data.rindex(b"xl/sharedStrings.xml") - 46
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    with pytest.raises(BadInput, match="unpacks to more"):
        read(bytes(data))


def test_73_a_cell_at_the_far_corner_of_a_sheet_is_refused() -> None:
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        b"</sheetData></worksheet>"
    )
    with pytest.raises(BadInput) as caught:
        read(changed(workbook(("a",)), "xl/worksheets/sheet1.xml", sheet))
    assert caught.value.code == "TOO_MANY_CUES"


def test_69_entities_in_a_word_document_are_refused() -> None:
    evil = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><w:document xmlns:w="w">&a;</w:document>'
    with pytest.raises(BadInput, match="document type"):
        read(changed(document(("a", "b")), "word/document.xml", evil))


@pytest.mark.parametrize("cut", [40, 400, 2000])
def test_a_damaged_archive_is_refused(cut: int) -> None:
    data = workbook(("in", "out", "text"), ("00:00:01.000", "00:00:02.000", "Salam"))
    for broken in (data[:-cut], data[:cut] + b"\0" * 20 + data[cut + 20 :]):
        try:
            read(broken)
        except BadInput as refused:
            assert refused.code  # noqa: PT017
