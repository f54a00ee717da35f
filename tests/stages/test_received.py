"""Files that come in: what only a person knows is asked first, and a draft is changed only after a look."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.builders import Team, edit, ready_film, srt, track_on
from workflow import stages
from workflow.errors import BadInput, Conflict
from workflow.store.tables import Film
from workflow.tracks.document import cues_from_request

LATIN = srt(
    (1, 2.5, "Ýaşulylar gelýär."),
    (3, 4.5, "Bu ýerde nähili işler bar?"),
    (5, 6.5, "Şeýle bolsun, ýöne ýuwaş."),
    (7, 8.5, "Çagalar öýde galdy."),
    (9, 10.5, "Ňe-ňe diýip gygyrdy, žurnal okady."),
)
CYRILLIC = srt(
    (1, 2.5, "Яшулылар гелйәр."),
    (3, 4.5, "Бу ерде нәхили ишлер бар?"),
    (5, 6.5, "Шейле болсун, йөне юваш."),
)
MICRODVD = b"{25}{75}Salam\n{100}{150}Sag bol\n"


def receive(people: Team, film: str, data: bytes, **more: Any) -> stages.received.ReceivedView:
    options = {"name": "tk.srt", "film_id": film} | more
    return stages.receive_file(people.house, people.translator, data, **options)


@pytest.mark.database
@pytest.mark.parametrize(
    ("text", "page"), [(LATIN, "cp1250"), (CYRILLIC, "ptcp154")], ids=["Latin", "Cyrillic"]
)
def test_an_eight_bit_file_is_shown_in_two_encodings_before_anything_is_imported(
    people: Team, text: bytes, page: str
) -> None:
    film = ready_film(people)
    view = receive(people, film, text.decode().encode(page))
    assert (view.question, view.previews[0].encoding) == ("encoding", page)
    assert len(view.previews) >= 2
    first = view.previews[0].cues[0]["parts"]
    assert "".join(part for part, _ in first) == text.decode().split("\n")[2]
    assert any(differs for _, differs in first)
    assert stages.project_view(people.house, people.project_id, people.producer).tracks == []
    with pytest.raises(BadInput, match="QUESTION_OPEN"):
        stages.take_received(people.house, people.translator, view.id)
    stages.say_of_received(people.house, people.translator, view.id, {"encoding": page})
    track = stages.take_received(people.house, people.translator, view.id)
    assert track.draft is not None
    assert track.draft.cues[0]["text"] == text.decode().split("\n")[2]
    with pytest.raises(Conflict, match="ALREADY_TAKEN"):
        stages.take_received(people.house, people.translator, view.id)


def test_an_encoding_that_the_bytes_are_not_is_refused_and_can_be_chosen_again(
    people: Team,
) -> None:
    view = receive(people, ready_film(people), LATIN.decode().encode("cp1250"))
    with pytest.raises(BadInput, match="ENCODING"):
        stages.say_of_received(people.house, people.translator, view.id, {"encoding": "utf-8"})
    assert stages.received_view(people.house, view.id).question == "encoding"


def test_who_cannot_be_asked_gets_the_previews_and_sends_the_file_again(people: Team) -> None:
    film = ready_film(people)
    short = "1\n00:00:01,000 --> 00:00:02,000\nöý\n".encode("cp1250")
    with pytest.raises(BadInput, match="ENCODING_UNSURE") as refused:
        track_on(people, film, short)
    shown = refused.value.details["candidates"]
    assert "cp1250" in [candidate["encoding"] for candidate in shown]
    assert len(shown) >= 2
    track = stages.import_track(
        people.house,
        people.translator,
        film,
        short,
        name="tk.srt",
        language="tk",
        encoding="cp1250",
    )
    assert track.draft is not None
    assert track.draft.cues[0]["text"] == "öý"


def test_a_file_that_counts_frames_is_asked_how_many_when_nobody_knows_or_it_says_otherwise(
    people: Team,
) -> None:
    film = ready_film(people)
    plain = receive(people, film, MICRODVD, name="tk.sub")
    assert plain.question == ""  # the film's own rate
    other = receive(people, film, b"{1}{1}23.976\n" + MICRODVD, name="tk.sub")
    assert (other.question, other.stated_rate) == ("frame_rate", "24000/1001")
    with people.house.write() as session:
        row = session.get(Film, film)
        assert row is not None
        row.rate_num = row.rate_den = None
    unknown = receive(people, film, MICRODVD, name="tk.sub")
    assert (unknown.question, unknown.stated_rate) == ("frame_rate", "")
    with pytest.raises(BadInput, match="FRAME_RATE"):
        stages.say_of_received(people.house, people.translator, unknown.id, {"frame_rate": "fast"})
    stages.say_of_received(people.house, people.translator, unknown.id, {"frame_rate": "25"})
    track = stages.take_received(people.house, people.translator, unknown.id)
    assert track.draft is not None
    assert track.draft.cues[0]["start"] == 705_600_000


def test_a_table_whose_columns_have_no_heads_is_asked_about(people: Team) -> None:
    table = (
        "00:00:01.000;00:00:02.000;Hello there;Salam dostlar;Ayna\n"
        "00:00:03.000;00:00:04.000;Good bye now;Sag boluň indi;Merdan\n"
    )
    view = receive(people, ready_film(people), table.encode(), name="script.csv")
    assert view.question == "columns"
    assert [column.cells[0] for column in view.columns][2:] == [
        "Hello there",
        "Salam dostlar",
        "Ayna",
    ]
    roles = ["in", "out", "source", "text", "speaker"]
    after = stages.say_of_received(people.house, people.translator, view.id, {"columns": roles})
    assert after.question == ""
    track = stages.take_received(people.house, people.translator, view.id)
    assert track.draft is not None
    first = track.draft.cues[0]
    assert (first["text"], first["speaker"]) == ("Salam dostlar", "Ayna")


@pytest.mark.database
def test_a_workbook_that_was_edited_comes_back_to_the_same_cues(people: Team) -> None:
    film = ready_film(people)
    track = track_on(people, film, LATIN).summary.id
    before = stages.draft(people.house, track).cues
    _, data = stages.export(people.house, track, "xlsx")
    sheet = edited(data, {2: "Ýaşulylar geldi."})
    edit(people, track, _3="Şeýle bolsun.")  # meanwhile, by somebody else
    view = receive(people, film, sheet, name="tk.xlsx", track_id=track)
    assert view.difference is not None
    assert view.difference.based_on == "older"
    assert [(c["uid"], c["new"]["text"]) for c in view.difference.changes] == [
        (before[0]["uid"], "Ýaşulylar geldi.")
    ]
    after = stages.take_received(people.house, people.translator, view.id, etag=view.etag).draft
    assert after is not None
    assert [cue["uid"] for cue in after.cues] == [cue["uid"] for cue in before]
    assert [cue["text"] for cue in after.cues][:3] == [
        "Ýaşulylar geldi.",
        "Bu ýerde nähili işler bar?",
        "Şeýle bolsun.",
    ]


@pytest.mark.parametrize(("clashes", "kept"), [("draft", "Draftda."), ("file", "Sahypada.")])
def test_where_sheet_and_draft_changed_the_same_cue_a_person_says_which(
    people: Team, clashes: str, kept: str
) -> None:
    film = ready_film(people)
    track = track_on(people, film, LATIN).summary.id
    _, data = stages.export(people.house, track, "xlsx")
    sheet = edited(data, {2: "Sahypada."})
    edit(people, track, _1="Draftda.")
    view = receive(people, film, sheet, name="tk.xlsx", track_id=track)
    assert view.difference is not None
    assert len(view.difference.clashes) == 1
    taken = stages.take_received(
        people.house, people.translator, view.id, etag=view.etag, clashes=clashes
    )
    assert taken.draft is not None
    assert taken.draft.cues[0]["text"] == kept


def test_a_format_without_notes_and_frames_takes_nothing_away(people: Team) -> None:
    film = ready_film(people)
    track = track_on(people, film, LATIN).summary.id
    cues = [
        cue | {"note": "bellik", "speaker": "Ayna"}
        for cue in stages.draft(people.house, track).cues
    ]
    cues[0] |= {"start": 705_600_123, "text": "<i>Ýaşulylar</i> gelýär."}
    etag = stages.draft(people.house, track).etag
    stages.save_draft(people.house, people.translator, track, etag, cues_from_request(cues))
    _, data = stages.export(people.house, track, "sbv")
    view = receive(people, film, data.replace(b"galdy", b"gitdi"), track_id=track)
    assert view.difference is not None
    assert [c["new"]["text"] for c in view.difference.changes] == ["Çagalar öýde gitdi."]
    after = stages.take_received(people.house, people.translator, view.id, etag=view.etag).draft
    assert after is not None
    assert after.cues[0] == cues[0]
    assert {cue["note"] for cue in after.cues} == {"bellik"}


@pytest.mark.parametrize("name", [known.name for known in stages.formats()])
def test_every_writable_format_goes_out_and_comes_back_unchanged(people: Team, name: str) -> None:
    film = ready_film(people)
    track = track_on(people, film, LATIN).summary.id
    view, data = stages.export(people.house, track, name)
    assert (view.cues, view.size) == (5, len(data))
    back = receive(people, film, data, name=view.file_name, track_id=track)
    assert back.difference is not None, back.problem
    assert (back.question, back.difference.changes) == ("", [])


def test_a_film_of_24_frames_says_so_before_it_becomes_stl(people: Team) -> None:
    film = ready_film(people)
    track = track_on(people, film, LATIN).summary.id
    with pytest.raises(BadInput, match="FRAME_RATE"):
        stages.export(people.house, track, "stl", frame_rate="24")
    with pytest.raises(BadInput, match="FORMAT"):
        stages.export(people.house, track, "scc")


def edited(data: bytes, texts: dict[int, str]) -> bytes:
    """The workbook with other texts in those rows, saved by openpyxl as a table program would."""
    book = load_workbook(io.BytesIO(data))
    sheet = book.active
    heads = [cell.value for cell in sheet[1]]
    column = next(i for i, head in enumerate(heads, 1) if str(head).startswith("text ("))
    for row, text in texts.items():
        sheet.cell(row, column).value = text
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
