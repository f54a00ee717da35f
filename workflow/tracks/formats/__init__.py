"""Subtitle files in and out, one file per format behind one small interface.

`read_subtitles` finds encoding and format by content, never by name, and says everything it mended
or could not keep. `write_subtitles` reads its own file back with a second reader before giving it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from workflow.errors import BadInput, ToolFailed
from workflow.language import encodings
from workflow.language.letters import tidy
from workflow.tracks import limits
from workflow.tracks.cues import Cue, in_order
from workflow.tracks.formats import ass, sbv, srt, vtt
from workflow.tracks.formats.codec import (
    Exported,
    Format,
    Imported,
    ImportReport,
    RawCue,
    Remarks,
    Repair,
    Source,
    Target,
)
from workflow.tracks.text import plain

__all__ = [
    "FORMATS",
    "Exported",
    "ImportReport",
    "Imported",
    "Repair",
    "format_named",
    "read_subtitles",
    "write_subtitles",
]

FORMATS: tuple[Format, ...] = (vtt.FORMAT, ass.FORMAT, srt.FORMAT, sbv.FORMAT)
"""Every format, in the order in which they are asked whether a file is theirs."""


def format_named(name: str) -> Format:
    """By name or extension, either case. Raises BadInput FORMAT."""
    wanted = name.lower().removeprefix(".")
    for known in FORMATS:
        if wanted in {known.name, known.extension[1:]}:
            return known
    raise BadInput(
        "FORMAT",
        f"{name!r} is not a subtitle format that this product writes.",
        advice=f"It writes {', '.join(known.name for known in FORMATS)}.",
    )


def read_subtitles(
    data: bytes,
    *,
    encoding: str | None = None,
    frame_rate: Fraction | None = None,
    uid: Callable[[], str],
) -> Imported:
    """Cues of a subtitle file, whatever its name, and the report of how it was read.

    encoding      a person's choice; None is judged from the bytes
    frame_rate    of the film, for formats that count frames
    uid           gives a fresh uid for each cue

    Raises BadInput: TOO_MANY_BYTES, ENCODING, FORMAT, NO_CUES, TOO_MANY_CUES, CUE_TOO_LONG, BAD_TIME,
    NEGATIVE_TIME, END_BEFORE_START, TIME_TOO_LATE, OVERLAP; `where` names the line.
    """
    limits.refuse_too_big(len(data))
    _refuse_binary(data)
    if encoding is None:
        guess = encodings.guess(data)
    else:
        guess = encodings.Guess(encoding.lower(), encodings.decode(data, encoding))
    repairs = Remarks()
    _note_line_ends(guess.text, repairs)
    if guess.doubled:
        repairs.add("DOUBLE_ENCODING", f"UTF-8 had been read as {guess.doubled} and saved again.")
    source = Source(re.sub(r"\r\n?", "\n", guess.text).removeprefix("\ufeff"), frame_rate, repairs)
    known = _format_of(source.text)
    cues = _checked(known.read(source), source, uid)
    report = ImportReport(
        format=known.name,
        encoding=guess.encoding,
        sure=guess.sure,
        alternatives=guess.alternatives,
        repairs=source.repairs.all(),
        losses=source.losses.all(),
    )
    return Imported(cues, report)


_BINARY = {
    b"PK\x03\x04": "a ZIP archive",
    b"\x1a\x45\xdf\xa3": "a Matroska film",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"RIFF": "a RIFF film or sound",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "a compressed file",
    b"PG\x00": "subtitles drawn as pictures (SUP)",
    b"\x00\x00\x01\xba": "subtitles drawn as pictures (VobSub)",
}


def _refuse_binary(data: bytes) -> None:
    for magic, what in _BINARY.items():
        if data.startswith(magic):
            raise BadInput(
                "FORMAT", f"The file is {what}, not text.", advice="Give a text subtitle file."
            )
    if data[4:8] == b"ftyp":
        raise BadInput("FORMAT", "The file is a film, not text.", advice="Give a subtitle file.")


def _note_line_ends(text: str, repairs: Remarks) -> None:
    pairs = text.count("\r\n")
    kinds = {
        "CR LF": pairs,
        "LF": text.count("\n") - pairs,
        "CR": text.count("\r") - pairs,
    }
    used = [f"{count} {name}" for name, count in kinds.items() if count]
    if len(used) > 1:
        repairs.add("LINE_ENDS", f"The file mixes line ends: {', '.join(used)}.")
    elif kinds["CR"]:
        repairs.add("LINE_ENDS", "The lines end with CR alone.")


def _format_of(text: str) -> Format:
    if not text.strip() or text.strip() == "WEBVTT":
        raise _no_cues()
    for known in FORMATS:
        if known.sniff(text):
            return known
    advice = f"This product reads {', '.join(known.name for known in FORMATS)}."
    if re.match(r"\s*\{\d+\}\{\d+\}", text):
        raise BadInput("FORMAT", "This is MicroDVD, which counts frames.", advice=advice)
    if text.startswith("# VobSub"):
        raise BadInput("FORMAT", "VobSub subtitles are pictures, not text.", advice=advice)
    raise BadInput("FORMAT", "The file is not a subtitle format known here.", advice=advice)


def _checked(raws: Iterable[RawCue], source: Source, uid: Callable[[], str]) -> tuple[Cue, ...]:
    """Raw cues against every limit, tidied, in order, with uids."""
    kept: list[tuple[RawCue, Cue]] = []
    for raw in raws:
        where = f"line {raw.line}"
        limits.refuse_too_many(len(kept) + 1, where=where)
        limits.refuse_long_text(raw.text, where=where)
        limits.refuse_bad_times(raw.start, raw.end, where=where)
        text = _tidied(raw, where, source.repairs)
        speaker = _speaker(raw, where, source.losses)
        cue = Cue("", raw.start, raw.end, text, speaker, position=raw.position)
        kept.append((raw, cue))
    if not any(plain(cue.text).strip() for _, cue in kept):
        raise _no_cues()
    limits.refuse_crowd(
        [(cue.start, cue.end) for _, cue in kept], [f"line {raw.line}" for raw, _ in kept]
    )
    cues = tuple(cue for _, cue in kept)
    ordered = in_order(cues)
    if ordered != cues:
        times = [(cue.start, cue.end) for cue in cues]
        late = next(i for i in range(1, len(times)) if times[i] < times[i - 1])
        source.repairs.add(
            "SORTED", "The cues were not in the order of their times.", f"line {kept[late][0].line}"
        )
    return tuple(replace(cue, uid=uid()) for cue in ordered)


_TIDIED = {
    "NFC": "Letters were put together from letter and mark (NFC).",
    "HYPHEN": "Hyphens U+2010 or U+2011 became the usual hyphen.",
    "SOFT_HYPHEN": "Invisible characters (soft hyphen, zero-width space) were taken out.",
    "LINE_SEPARATOR": "Unusual line separators became line breaks.",
    "TAB": "Tabs became spaces.",
    "BIDI": "Marks that turn the direction of writing were taken out.",
    "CONTROL": "Control characters were taken out.",
    "MARKS": "Combining marks beyond eight on one letter were taken out.",
    "COMMA_BELOW": "ș with a comma below became ş.",
}


def _tidied(raw: RawCue, where: str, repairs: Remarks) -> str:
    text, changes = tidy(raw.text)
    for code in changes:
        repairs.add(code, _TIDIED[code], where)
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())


def _speaker(raw: RawCue, where: str, losses: Remarks) -> str:
    name = " ".join(tidy(raw.speaker)[0].split())
    if len(name) > limits.MAX_SPEAKER_CHARACTERS:
        losses.add("SPEAKER_CUT", f"A speaker's name is too long: {name[:60]}…", where)
    return name[: limits.MAX_SPEAKER_CHARACTERS]


def _no_cues() -> BadInput:
    return BadInput(
        "NO_CUES",
        "There is not one cue with text in the file.",
        advice="Check that it is the right file.",
    )


def write_subtitles(
    cues: Sequence[Cue],
    format_name: str,
    *,
    language: str = "tk",
    frame_rate: Fraction | None = None,
) -> Exported:
    """A file of *cues*, in the order of time, already read back and compared.

    Times are rounded down to what the format can say. Speakers, notes and whatever else it cannot
    hold are in the losses. Raises BadInput FORMAT; ToolFailed EXPORT_DIFFERS if the file does not
    read back as it was meant.
    """
    known = format_named(format_name)
    target = Target(language, frame_rate)
    writable = [
        _writable(cue, n, known, target.losses) for n, cue in enumerate(in_order(cues), start=1)
    ]
    data = known.write(writable, target)
    _compare(writable, known, data)
    return Exported(data, known.media_type, known.extension, target.losses.all())


def _writable(cue: Cue, number: int, known: Format, losses: Remarks) -> Cue:
    """*cue* without blank lines and line-end spaces, which no format keeps."""
    where = f"cue {number}"
    text = "\n".join(line.rstrip() for line in cue.text.split("\n") if line.strip())
    if text.replace("\n", "") != cue.text.rstrip().replace("\n", ""):
        losses.add("SPACES", "Spaces at the ends of lines are not written.", where)
    if cue.text.strip("\n").count("\n") > text.count("\n"):
        losses.add("BLANK_LINE", "A blank line inside the cue is not written.", where)
    if cue.speaker and not known.keeps_speaker:
        losses.add("SPEAKER", "The speaker's name is not written.", where)
    if cue.note:
        losses.add("NOTE", "The note is not written.", where)
    return replace(cue, text=text)


def _compare(cues: Sequence[Cue], known: Format, data: bytes) -> None:
    shown = known.read_back(data)
    if len(shown) != len(cues):
        raise _differs(known, f"{len(cues)} cues went in, {len(shown)} came back")
    for number, (cue, seen) in enumerate(zip(cues, shown, strict=True), start=1):
        for mine, its in ((cue.start, seen.start), (cue.end, seen.end)):
            if not 0 <= mine - its < known.grid:
                raise _differs(known, f"the times of cue {number} differ")
        if known.shows(cue) != seen.text:
            raise _differs(known, f"the text of cue {number} differs")


def _differs(known: Format, what: str) -> ToolFailed:
    return ToolFailed(
        "EXPORT_DIFFERS", f"The {known.name} file does not read back as it was written: {what}."
    )
