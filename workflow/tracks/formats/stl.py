"""EBU-STL (.stl): the binary file of broadcasters since 1991 (EBU Tech 3264).

A head of 1024 bytes (GSI), then blocks of 128 (TTI), 112 of them text; a longer text goes on in extension
blocks. Read by our own hand, so that what is not understood is named; written by our own hand, because
no library writes it; read back by ttconv.

Turkmen in Latin letters fits wholly: in ISO 6937 each marked letter is an accent's byte and a letter.
Cyrillic Turkmen does not fit: ISO 8859-5 has Russian, but not Җ Ң Ө Ү Ә. Titles are written in ASCII,
because no code page of the head has Ž Ň Ş.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from workflow.errors import BadInput
from workflow.sentences import sentence
from workflow.timebase import FrameGrid, from_seconds, nominal_rate, parse_rate
from workflow.tracks.cues import Cue
from workflow.tracks.formats import iso6937
from workflow.tracks.formats.codec import PLACE, STYLE, Format, RawCue, Shown, Source, Target
from workflow.tracks.formats.times import bad_time
from workflow.tracks.text import Run, as_text, from_runs, plain, whole_line_styles

_HEAD = 1024
_BLOCK = struct.Struct("<BHBBBBBBBBBBBBB112s")
_TEXT = 112
_ROWS = 23
_TELETEXT_WIDTH = 37
_UNUSED = b"\x8f"
_NEW_LINE = 0x8A
_CODE_TABLES = {"01": "iso8859_5", "02": "iso8859_6", "03": "iso8859_7", "04": "iso8859_8"}
_LANGUAGES = {
    "en": "09", "ru": "56", "tr": "29", "uz": "47", "kk": "67", "az": "7B", "uk": "49", "de": "08",
    "fr": "0F", "es": "0A", "it": "15", "fa": "5A", "tg": "4E", "tt": "4C", "pl": "20",
}  # fmt: skip
_SWITCHES = {0x80: ("i", True), 0x81: ("i", False), 0x82: ("u", True), 0x83: ("u", False)}
_STYLES = frozenset("iu")
_DROPPING = Fraction(30000, 1001)
_OUR_RATE = re.compile(rb"TERJIME (\d+/\d+)")


def _sniff(data: bytes) -> bool:
    return len(data) >= _HEAD and re.match(rb"STL\d\d\.\d\d", data[3:11]) is not None


# Reading


@dataclass(frozen=True, slots=True)
class _Subtitle:
    """One subtitle, its extension blocks joined."""

    block: int  # from 1, where it ends
    group: tuple[int, int]  # the subtitle group, and whether its texts add up (CS)
    times: tuple[int, int, int, int, int, int, int, int]
    row: int
    justified: int
    is_comment: bool
    text: bytes


def _read(source: Source) -> Iterator[RawCue]:
    data = source.data
    head = data[:_HEAD]
    rate = _rate_of(head, source)
    table = head[12:14].decode("latin-1")
    if table not in {"00", *_CODE_TABLES}:
        source.repairs.add(
            "CODE_TABLE",
            sentence("Code table %(table)s is unknown; read as Latin (00).", table=repr(table)),
        )
    first = _programme_start(head, rate)
    subtitles = list(_subtitles(data, source))
    starts = [_frames(one.times[:4], rate) for one in subtitles if not one.is_comment]
    offset = first if first and starts and min(starts) >= first else 0
    if offset:
        source.repairs.add(
            "PROGRAMME_START",
            sentence(
                "The times began at %(hours)s hours; counted from there.",
                hours=head[256:258].decode("latin-1"),
            ),
        )
    before: tuple[RawCue, str] | None = None  # a cumulative subtitle and its whole text
    for one in subtitles:
        where = f"line {one.block}"
        if one.is_comment:
            source.losses.add(
                "COMMENT_DROPPED",
                sentence("A comment is left out: %(text)s", text=repr(one.text[:40])),
                where,
            )
            continue
        start, end = (
            FrameGrid(rate).time_of(_checked(times, rate, one.block) - offset)
            for times in (one.times[:4], one.times[4:])
        )
        text = _text(one, table, source)
        position = _position(one, head)
        cue = RawCue(one.block, start, end, text, position)
        if one.group[1] in {2, 3} and before and before[0].start is not None:
            held, so_far = before
            text = f"{so_far}\n{text}"
            yield RawCue(held.line, held.start, start, so_far, held.position)
            cue = RawCue(one.block, start, end, text, held.position)
        elif before:
            yield before[0]
        before = None
        if one.group[1] in {1, 2}:
            source.repairs.add(
                "CUMULATIVE", "Subtitles that add up became a cue for each state.", where
            )
            before = (cue, text)
        else:
            yield cue
    if before:
        yield before[0]


def _rate_of(head: bytes, source: Source) -> Fraction:
    """What the head says; 30 is 30 or 29.97, which the film decides, or our own mark."""
    said = Fraction(int(head[6:8]))
    if ours := _OUR_RATE.search(head[448:]):
        return parse_rate(ours[1].decode())
    if not 1 <= said <= 120:
        raise BadInput("FORMAT", f"The STL file counts {said} frames a second.")
    if source.frame_rate and nominal_rate(source.frame_rate) == said:
        return source.frame_rate
    if said in {23, 30}:
        rate = Fraction(24000, 1001) if said == 23 else said
        source.repairs.add(
            "FRAME_RATE", sentence("Read with %(rate)s frames a second.", rate=str(rate))
        )
        return rate
    return said


def _programme_start(head: bytes, rate: Fraction) -> int:
    written = head[256:264]
    if not written.isdigit():
        return 0
    return _frames(tuple(int(written[i : i + 2]) for i in range(0, 8, 2)), rate)


def _frames(times: tuple[int, ...], rate: Fraction) -> int:
    """Frames since 00:00:00:00; at 29.97 the codes are drop-frame ones, near the clock (SMPTE ST 12-1).

    The format does not say which. Read as non-drop by one who counts 30, an hour would be 3.6 s off;
    drop-frame codes are never more than 0.07 s off.
    """
    hours, minutes, seconds, frames = times
    count = (hours * 3600 + minutes * 60 + seconds) * nominal_rate(rate) + frames
    if rate != _DROPPING:
        return count
    total = hours * 60 + minutes
    return count - 2 * (total - total // 10)


def _checked(times: tuple[int, ...], rate: Fraction, block: int) -> int:
    if times[1] > 59 or times[2] > 59 or times[3] >= nominal_rate(rate):
        raise bad_time(
            block, f"holds {':'.join(f'{part:02d}' for part in times)}, which is no time"
        )
    return _frames(times, rate)


def _subtitles(data: bytes, source: Source) -> Iterator[_Subtitle]:
    blocks, rest = divmod(len(data) - _HEAD, _BLOCK.size)
    if rest:
        source.losses.add(
            "TRUNCATED",
            sentence("The last %(rest)s bytes are no whole block, left out.", rest=rest),
        )
    said = data[238:243].strip()
    if said.isdigit() and int(said) != blocks:
        source.repairs.add(
            "BLOCK_COUNT",
            sentence(
                "%(announced)s blocks are announced, %(blocks)s are there.",
                announced=int(said),
                blocks=blocks,
            ),
        )
    held = b""
    for block in range(blocks):
        fields = _BLOCK.unpack_from(data, _HEAD + block * _BLOCK.size)
        group, _, extension, cumulative = fields[:4]
        row, justified, comment, text = fields[12:16]
        if 0xEF < extension < 0xFF:
            source.losses.add("USER_DATA_DROPPED", "Data of some program is left out.")
            continue
        held += text.rstrip(_UNUSED)
        if extension == 0xFF:
            yield _Subtitle(
                block + 1, (group, cumulative), fields[4:12], row, justified, comment == 1, held
            )
            held = b""
    if held:
        source.losses.add("TRUNCATED", "The last subtitle is not whole, left out.")


def _text(one: _Subtitle, table: str, source: Source) -> str:
    """Lines with our tags. A teletext code takes up a space on the screen; codes of style do not."""
    where = f"line {one.block}"
    lines: list[list[Run]] = [[]]
    style: frozenset[str] = frozenset()
    held = bytearray()
    is_boxed = b"\x0b" in one.text  # teletext: spaces there place the text

    def flush() -> None:
        if held:
            lines[-1].append(Run(_decoded(bytes(held), table, where, source), style))
            held.clear()

    for code in one.text.split(_UNUSED)[0]:
        if code == _NEW_LINE:
            flush()
            lines.append([])
        elif switch := _SWITCHES.get(code):
            flush()
            style = style | {switch[0]} if switch[1] else style - {switch[0]}
        elif code < 0x20:
            if code in {0, 1, 2, 3, 4, 5, 6}:
                source.losses.add("COLOURS_DROPPED", "Colours are left out.", where)
            if held and held[-1] != 0x20:
                held.append(0x20)
        elif (code >= 0xA0 or code < 0x80) and not (
            is_boxed and code == 0x20 and held[-1:] == b" "
        ):
            held.append(code)
    flush()
    kept = [_stripped(line) for line in lines]
    return from_runs(line for line in kept if any(run.text.strip() for run in line))


def _stripped(line: list[Run]) -> list[Run]:
    """A line without the spaces that place it on the screen."""
    runs = [Run(as_text(run.text), run.style) for run in line if run.text]
    while runs and not runs[0].text.strip(" "):
        runs.pop(0)
    while runs and not runs[-1].text.strip(" "):
        runs.pop()
    if runs:
        runs[0] = Run(runs[0].text.lstrip(" "), runs[0].style)
        runs[-1] = Run(runs[-1].text.rstrip(" "), runs[-1].style)
    return runs


def _decoded(data: bytes, table: str, where: str, source: Source) -> str:
    if table in _CODE_TABLES:
        text = data.decode(_CODE_TABLES[table], "replace")
        unknown = [
            code
            for code in data
            if "\ufffd" in bytes([code]).decode(_CODE_TABLES[table], "replace")
        ]
    else:
        text, unknown = iso6937.decode(data)
    if unknown:
        source.losses.add(
            "LETTERS",
            sentence(
                "Bytes that stand for no letter: %(bytes)s.", bytes=bytes(unknown[:8]).hex(" ")
            ),
            where,
        )
    return text


def _position(one: _Subtitle, head: bytes) -> int | None:
    said = head[253:255].strip()
    rows = int(said) if said.isdigit() and int(said) else _ROWS
    if head[11:12] in {b"1", b"2"}:
        rows = _ROWS
    share = one.row / rows
    row = 2 if share < 0.34 else 1 if share < 0.63 else 0
    position = row * 3 + {1: 1, 3: 3}.get(one.justified, 2)
    return None if position == 2 else position


# Writing


def _prepare(cues: Sequence[Cue], target: Target) -> list[Cue]:
    """Whole lines italic or underlined, every letter one that the file has, no more than one space.

    Codes of style inside a line are left out because readers do not agree on whether they take up
    a space; of two spaces ttconv shows none.
    """
    table = _table_for(cues)
    prepared = []
    for number, cue in enumerate(cues, start=1):
        where = f"cue {number}"
        lines, lost = whole_line_styles(cue.text, _STYLES)
        if lost:
            target.losses.add(
                "STYLING_PART",
                "Bold, and italic or underline of a part of a line, are not written.",
                where,
            )
        changed = {char for char in plain(cue.text) if _writable(char, table) != char} - {"\n"}
        if changed:
            told = ", ".join(f"{char} as {_writable(char, table)}" for char in sorted(changed))
            target.losses.add(
                "LETTERS",
                sentence("Signs that the file lacks: %(signs)s.", signs=told[:200]),
                where,
            )
        written = ["".join(_writable(char, table) for char in line.text) for line in lines]
        tight = [re.sub(" {2,}", " ", text).strip(" ") for text in written]
        if tight != written:
            target.losses.add("SPACES", "Spaces more than one are not written.", where)
        pairs = zip(tight, lines, strict=True)
        prepared.append(
            replace(cue, text=from_runs([Run(text, line.style)] for text, line in pairs))
        )
        _warn(cues, number, tight, target)
    return prepared


def _warn(cues: Sequence[Cue], number: int, lines: Sequence[str], target: Target) -> None:
    if number > 1 and cues[number - 2].end > cues[number - 1].start:
        target.losses.add(
            "OVERLAP",
            "It begins before the cue above ends; most players show one at a time.",
            f"cue {number}",
        )
    longest = max(map(len, lines), default=0)
    if longest > _TELETEXT_WIDTH:
        target.losses.add(
            "TELETEXT_WIDTH",
            sentence(
                "A line has %(longest)s characters; a teletext row shows %(most)s.",
                longest=longest,
                most=_TELETEXT_WIDTH,
            ),
            f"cue {number}",
        )


def _table_for(cues: Sequence[Cue]) -> str:
    """Latin, or Russian where most letters are Cyrillic. Raises BadInput LETTERS."""
    letters = [char for cue in cues for char in plain(cue.text) if char.isalpha()]
    cyrillic = sum("CYRILLIC" in unicodedata.name(char, "") for char in letters)
    table = "01" if cyrillic * 2 > len(letters) else "00"
    missing = [char for char in letters if _writable(char, table) == "?"]
    if missing and (table == "01" or len(missing) * 10 > len(letters)):
        shown = " ".join(sorted(set(missing))[:12])
        raise BadInput(
            "LETTERS",
            f"EBU-STL cannot hold this writing: it lacks {shown}."
            + (" Of Cyrillic it has the Russian letters only." if cyrillic else ""),
            advice="Write the track in Latin letters, or choose another format.",
        )
    return table


def _encoded(char: str, table: str) -> bytes | None:
    if table == "00":
        return iso6937.encode(char)
    try:
        return char.encode(_CODE_TABLES[table]) if char not in "\u00ad$" else None
    except UnicodeEncodeError:
        return None


def _writable(char: str, table: str) -> str:
    """*char*, or what is written for it."""
    if _encoded(char, table) is not None:
        return char
    wanted = iso6937.REPLACED.get(char, "?")
    return wanted if all(_encoded(one, table) for one in wanted) else "?"


def _write(cues: Sequence[Cue], target: Target) -> bytes:
    rate = target.frame_rate or Fraction(0)
    if rate not in {Fraction(25), Fraction(30), _DROPPING}:
        raise BadInput(
            "FRAME_RATE",
            f"EBU-STL exists for 25 and for 30 frames a second, not for {float(rate):.6g}.",
            advice="Convert the track to 25 first (a 24 fps film is mostly shown faster), or give --fps 25 "
            "to keep its times as they are.",
        )
    table = _table_for(cues)
    grid = FrameGrid(rate)
    blocks: list[bytes] = []
    first = "00000000"
    for number, cue in enumerate(cues, start=1):
        start = grid.frame_at(grid.snap(cue.start))
        end = max(grid.frame_at(grid.snap(cue.end)), start + 1)
        if number == 1:
            first = "".join(f"{part:02d}" for part in _timecode(start, rate))
        pieces = _pieces(_text_field(cue.text, table))
        for n, piece in enumerate(pieces):
            blocks.append(
                _BLOCK.pack(
                    0,
                    number % 0x10000,
                    0xFF if n == len(pieces) - 1 else n,
                    0,
                    *_timecode(start, rate),
                    *_timecode(end, rate),
                    _row(cue),
                    ((cue.position or 2) - 1) % 3 + 1,
                    0,
                    piece.ljust(_TEXT, _UNUSED),
                )
            )
    return _head(cues, target, rate, table, len(blocks), first) + b"".join(blocks)


def _text_field(text: str, table: str) -> bytes:
    out = bytearray()
    for i, line in enumerate(whole_line_styles(text, _STYLES)[0]):
        if i:
            out.append(_NEW_LINE)
        on = [code for code, (name, value) in _SWITCHES.items() if value and name in line.style]
        out += bytes(on)
        for char in line.text:
            out += _encoded(char, table) or b"?"
        out += bytes(code + 1 for code in reversed(on))
    return bytes(out)


def _pieces(text: bytes) -> list[bytes]:
    """Of 112 bytes at most; an accent and its letter stay together."""
    pieces = []
    while len(text) > _TEXT:
        cut = _TEXT - 1 if 0xC0 < text[_TEXT - 1] < 0xD0 else _TEXT
        pieces.append(text[:cut])
        text = text[cut:]
    return [*pieces, text]


def _timecode(frame: int, rate: Fraction) -> tuple[int, int, int, int]:
    if rate == _DROPPING:
        tens, rest = divmod(frame, 17982)
        frame += 18 * tens + (2 * ((rest - 2) // 1798) if rest > 1 else 0)
    seconds, frames = divmod(frame, nominal_rate(rate))
    return seconds // 3600, seconds // 60 % 60, seconds % 60, frames


def _row(cue: Cue) -> int:
    """The row of its first line: the last line of a cue below stands in the last row but one."""
    lines = cue.text.count("\n") + 1
    match ((cue.position or 2) - 1) // 3:
        case 0:
            return max(_ROWS - lines, 15)
        case 1:
            return 11 - lines // 2
        case _:
            return 1


def _head(
    cues: Sequence[Cue], target: Target, rate: Fraction, table: str, blocks: int, first: str
) -> bytes:
    title = _ascii(target.title)
    if title != target.title:
        target.losses.add(
            "TITLE", sentence("The title is written in ASCII: %(title)s.", title=repr(title[:32]))
        )
    fields = (
        ("850", 3),
        (f"STL{nominal_rate(rate)}.01", 8),
        ("0", 1),
        (table, 2),
        (_LANGUAGES.get(target.language.split("-")[0], "00"), 2),
        (title, 32),
        ("", 32 * 5),
        ("", 16),
        ("000101", 6),  # dates of creation and revision: this room knows no clock
        ("000101", 6),
        ("00", 2),
        (f"{blocks:05d}", 5),
        (f"{len(cues):05d}", 5),
        ("001", 3),
        ("40", 2),
        (str(_ROWS), 2),
        ("1", 1),
        ("00000000", 8),
        (first, 8),
        ("1", 1),
        ("1", 1),
        ("", 3),
        ("", 32 * 3),
        ("", 75),
        (f"TERJIME {rate.numerator}/{rate.denominator}", 576),
    )
    return b"".join(text[:size].ljust(size).encode("ascii") for text, size in fields)


def _ascii(title: str) -> str:
    apart = unicodedata.normalize("NFD", title)
    return "".join(
        char if " " <= char <= "~" else "" if unicodedata.combining(char) else "?" for char in apart
    )


def _read_back(data: bytes) -> list[Shown]:
    from workflow.tracks.formats import by_ttconv  # noqa: PLC0415 (takes long to load)

    said = _OUR_RATE.search(data[448:_HEAD])
    rate = parse_rate(said[1].decode()) if said else Fraction(25)
    return [
        Shown(
            from_seconds(one.start),
            from_seconds(one.end or one.start),
            unicodedata.normalize("NFC", one.text).replace("Ð", "Đ"),
        )
        for one in by_ttconv.read_stl(data, rate)
    ]


FORMAT = Format(
    name="stl",
    extension=".stl",
    media_type="application/octet-stream",
    aliases=("ebu-stl", "ebu"),
    grid=None,
    keeps=STYLE | PLACE,
    sniff_bytes=_sniff,
    read=_read,
    prepare=_prepare,
    write=_write,
    read_back=_read_back,
)
