"""Scripts in a table: which column is what, and cues from rows. CSV, XLSX and DOCX share it.

Translators' tables have no standard: a head in one of three languages or none, times in one column or
two, the original beside the translation. Columns are found by their head, else by what is in them. Of two
columns of text the last is the translation, unless a language is asked for by name.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from workflow.errors import BadInput
from workflow.sentences import sentence
from workflow.timebase import Flicks, FrameGrid, from_seconds, nominal_rate
from workflow.tracks import limits
from workflow.tracks.cues import Cue
from workflow.tracks.formats.codec import RawCue, Remarks, Source, Target, source_hash
from workflow.tracks.formats.times import TIME, bad_time, read_time, write_time
from workflow.tracks.text import balance, from_markup

Cell: TypeAlias = (
    "str | int | float | bool | datetime.time | datetime.date | datetime.timedelta | None"
)
Row: TypeAlias = Sequence[Cell]

_HEADS = {
    "id": "id|uid",
    "number": "#|no|no.|№|n|nr|num|number|index|номер|п/п|№ п/п|t/b",
    "start": "in|start|begin|tc in|tc-in|time in|timecode in|in time|start time|timecode|time code|time|times|tc|"
    "timing|начало|вход|тайм-код|таймкод|тайминг|время|başy|wagt|wagty",
    "end": "out|end|stop|tc out|tc-out|time out|timecode out|out time|end time|конец|выход|soňy",
    "duration": "duration|dur|длительность|dowamy",
    "speaker": "speaker|character|role|name|actor|персонаж|спикер|герой|роль|имя|gürleýän|kim",
    "source": "source|source text|original|original text|оригинал|исходный текст|источник|asyl|asyl tekst",
    "text": "target|target text|translation|text|subtitle|subtitles|caption|captions|dialogue|dialog|"
    "перевод|текст|субтитр|субтитры|terjime|terjimesi|tekst|subtitr",
    "note": "note|notes|comment|comments|remark|примечание|примечания|комментарий|bellik",
    "position": "position",
    "hash": "source hash",
}
_ROLE_OF = {name: role for role, names in _HEADS.items() for name in names.split("|")}
_LANGUAGES = {
    "tk": "tk tuk turkmen türkmen türkmençe türkmen dili туркменский туркменча türkmen dilinde",
    "ru": "ru rus russian русский rus dili rusça",
    "en": "en eng english английский iňlis iňlisçe iňlis dili",
    "tr": "tr turkish türkçe турецкий",
}
_LANGUAGE_OF = {name: tag for tag, names in _LANGUAGES.items() for name in names.split()}
_PAIR = re.compile(rf"\s*({TIME})\s*(?:-->|->|–|—|-|\s)\s*({TIME})\s*")
_ONE = re.compile(rf"\s*({TIME}|\d{{1,2}}:\d{{2}})\s*")
_FRAMES = re.compile(r"(\d{1,3}):(\d{2}):(\d{2})[:;](\d{2})")
_OURS = ("id", "no", "in", "out", "speaker", "note", "position")


@dataclass(slots=True)
class Columns:
    """Which column is what; a role that no column has is not in it."""

    at: dict[str, int]
    names: list[str]
    is_ours: bool = False
    left: list[int] = field(default_factory=list)  # columns of text that are not read


def find_columns(rows: Sequence[Row], language: str) -> tuple[Columns, int] | None:
    """The columns, and how many rows the head takes; None if these rows are no script."""
    for index, row in enumerate(rows[:12]):
        if columns := _by_head(row, language):
            return columns, index + 1
    if columns := _by_content(rows[:40]):
        return columns, 0
    return None


def _by_head(row: Row, language: str) -> Columns | None:
    names = [" ".join(str(cell or "").lower().split()) for cell in row]
    at: dict[str, int] = {}
    tongues: dict[int, str] = {}
    texts: list[int] = []
    for i, name in enumerate(names):
        bare, tag = name, ""
        if found := re.fullmatch(r"(.*?)\s*[(\[]([\w-]+)[)\]]", name):
            bare, tag = found[1], found[2]
        tag = _LANGUAGE_OF.get(tag or bare.split(" ")[0], "")
        if tag:
            tongues[i] = tag
        role = _ROLE_OF.get(bare.rstrip(":"))
        if role in {"source", "text"} or (tag and not role):
            texts.append(i)
        if role:
            at.setdefault(role, i)
    if len(set(at) | ({"text"} if texts else set())) < 2 and len(texts) < 2:
        return None
    if not texts:
        return None
    wanted = [i for i in texts if tongues.get(i) == language.split("-", maxsplit=1)[0]]
    chosen = wanted[-1] if wanted and language else at.get("text", texts[-1])
    if chosen == at.get("source"):
        del at["source"]
    at["text"] = chosen
    if "source" not in at and (others := [i for i in texts if i != chosen]):
        at["source"] = others[0]
    ours = all(name in names for name in _OURS) and any(n.startswith("text (") for n in names)
    left = [i for i in texts if i != chosen]
    return Columns(at, names, ours, left)


def _by_content(rows: Sequence[Row]) -> Columns | None:
    """Columns of times by their form, then the columns of words."""
    filled = [row for row in rows if any(_words(cell) for cell in row)]
    width = max((len(row) for row in filled), default=0)
    if not filled or width > 60:
        return None
    at: dict[str, int] = {}
    texts = []
    for i in range(width):
        cells = [row[i] for row in filled if i < len(row) and _words(row[i])]
        if not cells:
            continue
        times = sum(is_time(cell) for cell in cells)
        numbers = sum(bool(re.fullmatch(r"\d{1,6}\.?", _words(cell))) for cell in cells)
        if times * 2 > len(cells):
            at.setdefault("start" if "start" not in at else "end", i)
        elif numbers * 2 > len(cells):
            at.setdefault("number", i)
        elif sum(any(char.isalpha() for char in _words(cell)) for cell in cells) * 2 > len(cells):
            texts.append(i)
    if not texts or ("start" not in at and len(texts) + len(at) < 2):
        return None
    at["text"] = texts[-1]
    if len(texts) > 1:
        longest = sorted(texts, key=lambda i: -sum(len(_words(r[i])) for r in filled if i < len(r)))
        pair = sorted(longest[:2])
        at["source"], at["text"] = pair
        if first := [i for i in texts if i < pair[0]]:
            at["speaker"] = first[-1]
    left = [i for i in texts if i not in {at["text"], at.get("speaker")}]
    return Columns(at, [f"column {i + 1}" for i in range(width)], left=left)


def _words(cell: Cell) -> str:
    if cell is None or isinstance(cell, bool):
        return "" if cell is None else str(cell)
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def is_time(cell: Cell) -> bool:
    if isinstance(cell, datetime.time | datetime.timedelta):
        return True
    return isinstance(cell, str) and bool(_ONE.fullmatch(cell) or _PAIR.fullmatch(cell))


def cues_of(rows: Iterable[tuple[int, Row]], columns: Columns, source: Source) -> Iterator[RawCue]:
    """Cues of the numbered rows below the head. What is left out is in the losses."""
    held = list(_limited(rows))
    texts = columns.at["text"]
    if "source" in columns.at and not any(_cell(row, texts) for _, row in held):
        source.repairs.add("COLUMN", "No translation is in the table: the original was read.")
        texts = columns.at["source"]
    for i in sorted({*columns.left, columns.at["text"]} - {texts}):
        if any(_cell(row, i) for _, row in held):
            source.losses.add(
                "COLUMN_LEFT",
                sentence("A column is left out: %(name)s.", name=repr(columns.names[i][:60])),
            )
    for number, row in held:
        text = _cell(row, texts)
        start, end = _times(row, columns, number, source)
        if not text and start is None:
            if shown := " ".join(" ".join(_words(cell) for cell in row).split()):
                source.losses.add(
                    "ROW_LEFT",
                    sentence("A row without text is left out: %(text)s", text=shown[:120]),
                    f"line {number}",
                )
            continue
        position = None
        if columns.is_ours:
            # Our own tags and nothing else is markup; a cell that people edited may lack an end.
            marked, changed = balance(text)
            if changed:
                source.repairs.add("TAGS_BALANCED", "Tags were closed.", f"line {number}")
            _note_edited_source(row, columns, number, source)
            written = _cell(row, columns.at["position"])
            position = int(written) if written in set("123456789") else None
        else:
            found = from_markup(text)
            marked, position = found.text, found.position
            for note in found.notes:
                source.losses.add(note.code, note.message, f"line {number}")
        yield RawCue(
            number,
            start,
            end,
            marked.replace("\r\n", "\n").replace("\r", "\n"),
            None if position == 2 else position,
            _role(row, columns, "speaker"),
            _role(row, columns, "note"),
            _role(row, columns, "id") if columns.is_ours else "",
            _role(row, columns, "hash") if columns.is_ours else "",
            _role(row, columns, "source") if columns.at.get("source") != texts else "",
        )


def _note_edited_source(row: Row, columns: Columns, number: int, source: Source) -> None:
    given = _role(row, columns, "hash")
    if given and "source" in columns.at and given != source_hash(_role(row, columns, "source")):
        source.losses.add(
            "SOURCE_EDITED",
            "The original was edited in the file; only the translation is read.",
            f"line {number}",
        )


def _limited(rows: Iterable[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    count = 0
    for number, row in rows:
        if any(_words(cell).strip() for cell in row):
            count += 1
            limits.refuse_too_many(count, where=f"line {number}")
            yield number, row


def _cell(row: Row, i: int) -> str:
    return _words(row[i]) if i < len(row) else ""


def _role(row: Row, columns: Columns, role: str) -> str:
    return _cell(row, columns.at[role]) if role in columns.at else ""


def _times(
    row: Row, columns: Columns, number: int, source: Source
) -> tuple[Flicks | None, Flicks | None]:
    def at(role: str) -> Cell:
        i = columns.at.get(role)
        return row[i] if i is not None and i < len(row) else None

    first = at("start")
    if isinstance(first, str) and (pair := _PAIR.fullmatch(first)):
        return time_of(pair[1], number, source), time_of(pair[2], number, source)
    start, end = time_of(first, number, source), time_of(at("end"), number, source)
    if end is None and start is not None and (length := time_of(at("duration"), number, source)):
        end = start + length
    return start, end


def time_of(cell: Cell, number: int, source: Source) -> Flicks | None:
    """Flicks of what stands for a time in a script; None if nothing does. Raises BadInput BAD_TIME, FRAME_RATE."""
    match cell:
        case None | "" | bool():
            return None
        case datetime.timedelta():
            return from_seconds(Fraction(cell // datetime.timedelta(microseconds=1), 1_000_000))
        case datetime.time():
            micros = ((cell.hour * 60 + cell.minute) * 60 + cell.second) * 1_000_000
            return from_seconds(Fraction(micros + cell.microsecond, 1_000_000))
        case int() | float():
            source.repairs.add(
                "TIME_FORM",
                sentence("%(written)s was read as seconds.", written=str(cell)),
                f"line {number}",
            )
            return from_seconds(Fraction(str(cell)))
        case datetime.date():
            raise bad_time(number, f"holds the date {cell} where a time was expected")
    written = cell.strip()
    if not written:
        return None
    if found := _FRAMES.fullmatch(written):
        return _frames(found, number, source)
    if re.fullmatch(r"\d{1,6}(?:[.,]\d{1,6})?", written):
        source.repairs.add(
            "TIME_FORM",
            sentence("%(written)s was read as seconds.", written=written),
            f"line {number}",
        )
        return from_seconds(Fraction(written.replace(",", ".")))
    if not (one := _ONE.fullmatch(written)):
        raise bad_time(number, f"holds {written[:40]!r}, which is no time")
    written = one[1] if one[1].count(":") > 1 else f"0:{one[1]}"
    mark = "," if "," in written else "."
    # Whole seconds and few figures are usual in scripts: nothing to say of them.
    return read_time(written, number, Remarks(), mark=mark, hour_digits=1)


def _frames(found: re.Match[str], number: int, source: Source) -> Flicks:
    rate = source.frame_rate
    if rate is None:
        raise BadInput(
            "FRAME_RATE",
            f"The table counts frames ({found[0]}) and does not say how many a second.",
            where=f"line {number}",
            advice="Name the film's frame rate, on the command line with --fps.",
        )
    hours, minutes, seconds, frames = (int(part) for part in found.groups())
    nominal = nominal_rate(rate)
    if minutes > 59 or seconds > 59 or frames >= nominal:
        raise bad_time(number, f"holds {found[0]!r}, which is no time at {nominal} frames")
    return FrameGrid(rate).time_of((hours * 3600 + minutes * 60 + seconds) * nominal + frames)


# Writing


def head(target: Target) -> list[str]:
    """The first row of a table of ours."""
    source = [f"source ({target.source_language})"] if target.sources else []
    return [
        "id",
        "no",
        "in",
        "out",
        "speaker",
        *source,
        f"text ({target.language})",
        "note",
        "position",
    ]


def rows_of(cues: Sequence[Cue], target: Target) -> Iterator[list[str]]:
    for number, cue in enumerate(cues, start=1):
        times = [write_time(time, mark=".") for time in (cue.start, cue.end)]
        source = [target.sources[number - 1]] if target.sources else []
        place = str(cue.position or "")
        yield [cue.uid, str(number), *times, cue.speaker, *source, cue.text, cue.note, place]


def ms_of(written: str) -> int:
    """Milliseconds of a time as `rows_of` writes it, for the second readers."""
    hours, minutes, seconds = written.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + int(seconds.replace(".", ""))
