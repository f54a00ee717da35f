"""Subtitle files in and out, one file per format behind one small interface.

`read_subtitles` finds encoding and format by content, never by name, and says everything it mended
or could not keep. `write_subtitles` reads its own file back with a second reader before giving it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from importlib import import_module
from typing import Any

from workflow.errors import BadInput, ToolFailed
from workflow.language import encodings
from workflow.language.letters import tidy
from workflow.sentences import sentence
from workflow.timebase import FLICKS_PER_SECOND, Flicks
from workflow.tracks import limits
from workflow.tracks.cues import Cue
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
    source_hash,
)
from workflow.tracks.formats.pace import timed
from workflow.tracks.text import as_text, balance, plain

__all__ = [
    "FORMATS",
    "WRITABLE",
    "Exported",
    "ImportReport",
    "Imported",
    "Repair",
    "format_named",
    "read_subtitles",
    "source_hash",
    "write_subtitles",
]

FORMATS: tuple[Format, ...]
"""Every format, in the order in which they are asked whether a file is theirs."""

WRITABLE: tuple[Format, ...]

_PLACES = (
    "stl",
    "xlsx",
    "docx",
    "vtt",
    "scc",
    "ttml",
    "xliff:FORMAT_1",
    "xliff:FORMAT_2",
    "tmx",
    "ass",
    "srt",
    "sbv",
    "microdvd",
    "mpl2",
    "tmplayer",
    "spruce",
    "csv",
    "txt",
)
"""The modules of FORMATS. Each is loaded when it is asked for: most of the time only SubRip is."""


def __getattr__(name: str) -> Any:
    if name == "FORMATS":
        return _formats()
    if name == "WRITABLE":
        return tuple(known for known in _formats() if known.write)
    raise AttributeError(name)


@cache
def _formats() -> tuple[Format, ...]:
    return tuple(map(_load, _PLACES))


@cache
def _load(place: str) -> Format:
    module, _, attribute = place.partition(":")
    known: Format = getattr(import_module(f"{__name__}.{module}"), attribute or "FORMAT")
    return known


def format_named(name: str) -> Format:
    """The format to write, by name or extension, either case. Raises BadInput FORMAT, with the reason
    where a format is only read."""
    wanted = name.lower().removeprefix(".")
    for place in sorted(
        _PLACES, key=lambda place: place != wanted
    ):  # by its name, only itself is loaded
        known = _load(place)
        if wanted in {known.name, known.extension[1:], *known.aliases}:
            if known.write is None:
                raise BadInput(
                    "FORMAT", f"{known.name} is only read: {known.only_read}", advice=_written()
                )
            return known
    raise BadInput(
        "FORMAT", f"{name!r} is not a subtitle format that this product writes.", advice=_written()
    )


def _written() -> str:
    return f"It writes {', '.join(known.name for known in _formats() if known.write)}."


def read_subtitles(
    data: bytes,
    *,
    encoding: str | None = None,
    frame_rate: Fraction | None = None,
    language: str = "",
    uid: Callable[[], str],
) -> Imported:
    """Cues of a subtitle file, whatever its name, and the report of how it was read.

    encoding      a person's choice; None is judged from the bytes
    frame_rate    of the film, for formats that count frames
    language      BCP 47, of the text that is wanted from a file that holds several languages
    uid           gives a fresh uid for each cue that does not bring its own

    Raises BadInput: TOO_MANY_BYTES, ENCODING, FORMAT, FRAME_RATE, NO_CUES, TOO_MANY_CUES, CUE_TOO_LONG,
    BAD_TIME, NEGATIVE_TIME, END_BEFORE_START, TIME_TOO_LATE, OVERLAP; `where` names the line.
    """
    limits.refuse_too_big(len(data))
    repairs = Remarks()
    binary = _binary_format_of(data)
    if binary:
        guess = encodings.Guess("", "")
    else:
        _refuse_binary(data)
        guess = _decoded(data, encoding)
        _note_line_ends(guess.text, repairs)
        if guess.doubled:
            repairs.add(
                "DOUBLE_ENCODING",
                sentence(
                    "UTF-8 had been read as %(encoding)s and saved again.", encoding=guess.doubled
                ),
            )
    text = re.sub(r"\r\n?", "\n", guess.text).removeprefix("\ufeff")
    source = Source(text, frame_rate, data, language, repairs)
    known = binary or _format_of(source.text)
    hashes: dict[str, str] = {}
    originals: dict[str, str] = {}
    cue_at: dict[str, int] = {}
    cues = _checked(known.read(source), source, uid, hashes, originals, cue_at)
    _note_other_language(cues, language, source.repairs)
    report = ImportReport(
        format=known.name,
        encoding=guess.encoding,
        sure=guess.sure,
        alternatives=guess.alternatives,
        repairs=source.repairs.all(cue_at),
        losses=source.losses.all(cue_at),
    )
    return Imported(cues, report, hashes, originals)


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


_XML_ENCODING = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")


def _decoded(data: bytes, encoding: str | None) -> encodings.Guess:
    """By the person's choice, by what an XML file says of itself, or by its letters."""
    if encoding is not None:
        return encodings.Guess(encoding.lower(), encodings.decode(data, encoding))
    if said := _XML_ENCODING.match(data):
        name = said[1].decode("ascii").lower().replace("windows-", "cp")
        if not name.startswith("utf"):
            try:
                return encodings.Guess(name, encodings.decode(data, name))
            except BadInput:
                pass  # it says something that is not so; its letters decide
    return encodings.guess(data)


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
        repairs.add(
            "LINE_ENDS", sentence("The file mixes line ends: %(ends)s.", ends=", ".join(used))
        )
    elif kinds["CR"]:
        repairs.add("LINE_ENDS", "The lines end with CR alone.")


_MAY_BE_BINARY = re.compile(rb"PK\x03\x04|.{3}STL", re.DOTALL)

_SUBRIP = re.compile(r"\n{0,3}\d{1,6}\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}\n")
"""How nearly every file begins, and none that another format would take."""


def _binary_format_of(data: bytes) -> Format | None:
    if not _MAY_BE_BINARY.match(data):
        return None
    return next((known for known in _formats() if known.sniff_bytes(data)), None)


def _format_of(text: str) -> Format:
    if _SUBRIP.match(text):
        return _load("srt")
    if not text.strip() or text.strip() == "WEBVTT":
        raise _no_cues()
    for known in _formats():
        if known.is_ours(text):
            return known
    for known in _formats():
        if known.sniff(text):
            return known
    advice = f"This product reads {', '.join(known.name for known in _formats())}."
    if text.startswith("# VobSub"):
        raise BadInput("FORMAT", "VobSub subtitles are pictures, not text.", advice=advice)
    raise BadInput("FORMAT", "The file is not a subtitle format known here.", advice=advice)


def _checked(
    raws: Iterable[RawCue],
    source: Source,
    uid: Callable[[], str],
    hashes: dict[str, str],
    originals: dict[str, str],
    cue_at: dict[str, int],
) -> tuple[Cue, ...]:
    """Raw cues against every limit, tidied, timed, in order, with uids.

    By uid go into *hashes* those of their sources, into *originals* the texts beside them; by where
    they stand, into *cue_at* their numbers.
    """
    kept: list[RawCue] = []
    spans: list[tuple[Flicks, Flicks]] = []
    places: list[str] = []
    for raw in timed(raws, source.repairs):
        where = f"line {raw.line}"
        start, end, text = raw.start or 0, raw.end or 0, raw.text
        if "\n\n" in text.strip("\n"):
            source.repairs.add(
                "BLANK_LINE_IN_CUE", "A blank line inside the cue was closed up.", where
            )
            text = re.sub(r"\n(?:[ \t]*\n)+", "\n", text.strip("\n"))
        limits.refuse_long_text(text, where=where)
        limits.refuse_bad_times(start, end, where=where)
        text = _tidied(text, where, source.repairs)
        speaker = _speaker(raw, where, source.losses)
        note = _note(raw, where, source.losses)
        kept.append(raw._replace(text=text, speaker=speaker, note=note))
        spans.append((start, end))
        places.append(where)
    if not any(plain(raw.text).strip() for raw in kept):
        raise _no_cues()
    limits.refuse_crowd(spans, places)
    order = sorted(range(len(kept)), key=spans.__getitem__)
    if order != list(range(len(kept))):
        late = next(i for i in range(1, len(spans)) if spans[i] < spans[i - 1])
        source.repairs.add("SORTED", "The cues were not in the order of their times.", places[late])
    seen: set[str] = set()
    named = []
    for i in order:
        raw = kept[i]
        own = raw.uid if limits.UID.fullmatch(raw.uid) and raw.uid not in seen else uid()
        seen.add(own)
        named.append(Cue(own, *spans[i], raw.text, raw.speaker, raw.note, raw.position))
        cue_at[places[i]] = len(named)
        if raw.source_hash:
            hashes[own] = raw.source_hash
        if raw.source.strip():
            originals[own] = raw.source
    return tuple(named)


_LANGUAGE_NAMES = {
    "tk": "Turkmen",
    "tk-Cyrl": "Turkmen in Cyrillic letters",
    "tr": "Turkish",
    "az": "Azerbaijani",
    "ru": "Russian",
    "kk": "Kazakh",
    "uz": "Uzbek",
    "en": "English",
}


def _note_other_language(cues: Sequence[Cue], language: str, repairs: Remarks) -> None:
    """Says so where the text is surely not in the language that it was said to be in."""
    wanted = language.removesuffix("-Latn")
    if wanted not in _LANGUAGE_NAMES:
        return
    from workflow.language.tell import tell  # noqa: PLC0415  only who says a language needs its models

    told = tell(plain(cue.text) for cue in cues[:200])
    found = told.language.removesuffix("-Latn")
    if told.sure and found != wanted:
        repairs.add(
            "OTHER_LANGUAGE",
            sentence(
                "The text seems to be %(language)s, not %(wanted)s.",
                language=_LANGUAGE_NAMES.get(found, found),
                wanted=_LANGUAGE_NAMES[wanted],
            ),
        )


_TIDIED = {
    "NFC": sentence("Letters were put together from letter and mark (NFC)."),
    "HYPHEN": sentence("Hyphens U+2010 or U+2011 became the usual hyphen."),
    "SOFT_HYPHEN": sentence("Invisible characters (soft hyphen, zero-width space) were taken out."),
    "LINE_SEPARATOR": sentence("Unusual line separators became line breaks."),
    "TAB": sentence("Tabs became spaces."),
    "BIDI": sentence("Marks that turn the direction of writing were taken out."),
    "CONTROL": sentence("Control characters were taken out."),
    "MARKS": sentence("Combining marks beyond eight on one letter were taken out."),
    "COMMA_BELOW": sentence("ș with a comma below became ş."),
}


_TIDY = re.compile(r"[ -~\nçäžňöşüýÇÄŽŇÖŞÜÝЀ-ҁҊ-ӏ–—…«»“”„’♪]*")
"""What nearly every text is made of, and `tidy` leaves as it is."""


def _tidied(text: str, where: str, repairs: Remarks) -> str:
    text, changes = (text, ()) if _TIDY.fullmatch(text) else tidy(text)
    for code in changes:
        repairs.add(code, _TIDIED[code], where)
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())


def _speaker(raw: RawCue, where: str, losses: Remarks) -> str:
    if not raw.speaker:
        return ""
    name = " ".join(tidy(raw.speaker)[0].split())
    if len(name) > limits.MAX_SPEAKER_CHARACTERS:
        losses.add(
            "SPEAKER_CUT",
            sentence("A speaker's name is too long: %(name)s…", name=name[:60]),
            where,
        )
    return name[: limits.MAX_SPEAKER_CHARACTERS]


def _note(raw: RawCue, where: str, losses: Remarks) -> str:
    if not raw.note:
        return ""
    note = tidy(raw.note)[0]
    if len(note) > limits.MAX_NOTE_CHARACTERS:
        losses.add("NOTE_CUT", sentence("A note is too long: %(note)s…", note=note[:60]), where)
    return note[: limits.MAX_NOTE_CHARACTERS]


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
    sources: Sequence[str] = (),
    source_language: str = "en",
    title: str = "",
) -> Exported:
    """A file of *cues*, in the order of time, already read back and compared.

    sources    what each of *cues* translates, for scripts and translation files; () if not at hand
    title      of the film, for formats that name it

    Times are rounded down to what the format can say, to the nearest frame where it counts frames.
    Speakers, notes and whatever else it cannot hold are in the losses. Raises BadInput FORMAT,
    FRAME_RATE (the format counts frames and none or an impossible one was given) and LETTERS (it cannot
    hold this writing); ToolFailed EXPORT_DIFFERS if the file does not read back as it was meant.
    """
    known = format_named(format_name)
    if known.write is None:
        raise BadInput("FORMAT", known.only_read)
    if sources and len(sources) != len(cues):
        raise ValueError("one source text for each cue")
    order = sorted(range(len(cues)), key=lambda i: (cues[i].start, cues[i].end))
    target = Target(
        language,
        frame_rate,
        tuple(sources[i] for i in order) if sources else (),
        source_language,
        title,
    )
    if known.grid is None and frame_rate is None:
        raise BadInput(
            "FRAME_RATE",
            f"{known.name} counts frames: it cannot be written without the film's frame rate.",
            advice="Name it, on the command line with --fps.",
        )
    writable = [_writable(cues[i], n, known, target.losses) for n, i in enumerate(order, start=1)]
    prepared = known.prepare(writable, target)
    data = known.write(prepared, target)
    grid = known.grid or -(-FLICKS_PER_SECOND // (frame_rate or Fraction(1)))
    _compare(prepared, known, data, int(grid), target.losses)
    return Exported(data, known.media_type, known.extension, target.losses.all())


def _writable(cue: Cue, number: int, known: Format, losses: Remarks) -> Cue:
    """*cue* without what the format does not keep, blank lines and line-end spaces, which none keeps."""
    where = f"cue {number}"
    text = "\n".join(line.rstrip() for line in cue.text.split("\n") if line.strip())
    if text.replace("\n", "") != cue.text.rstrip().replace("\n", ""):
        losses.add("SPACES", "Spaces at the ends of lines are not written.", where)
    if cue.text.strip("\n").count("\n") > text.count("\n"):
        losses.add("BLANK_LINE", "A blank line inside the cue is not written.", where)
    text, changed = balance(text)
    if changed:
        losses.add("TAGS_BALANCED", "Tags were closed or removed.", where)
    if "style" not in known.keeps and plain(text) != text:
        losses.add("STYLING", "Italic, bold and underline are not written.", where)
        text = plain(text)
        if as_text(text) != text:
            losses.add(
                "TAG_AS_TEXT", "Text that looks like a tag is written with ‹ › marks.", where
            )
            text = as_text(text)
    position = cue.position
    if "position" not in known.keeps and position not in {None, 2}:
        losses.add("POSITION", "The place on the picture is not written.", where)
        position = None
    speaker, note = cue.speaker, cue.note
    if speaker and "speaker" not in known.keeps:
        losses.add("SPEAKER", "The speaker's name is not written.", where)
        speaker = ""
    if note and "note" not in known.keeps:
        losses.add("NOTE", "The note is not written.", where)
        note = ""
    if (text, position, speaker, note) == (cue.text, cue.position, cue.speaker, cue.note):
        return cue
    return replace(cue, text=text, position=position, speaker=speaker, note=note)


def _compare(
    cues: Sequence[Cue], known: Format, data: bytes, grid: Flicks, losses: Remarks
) -> None:
    """What a second reader finds in *data* against *cues*; times that the format made rounder are told."""
    try:
        shown = known.read_back(data)
    except ToolFailed:
        raise
    except Exception as error:  # whatever the second reader stumbles over
        raise _differs(known, f"the second reader says {str(error)[:200]}") from error
    if len(shown) != len(cues):
        raise _differs(known, f"{len(cues)} cues went in, {len(shown)} came back")
    moved = most = 0
    for number, (cue, seen) in enumerate(zip(cues, shown, strict=True), start=1):
        offs = (cue.start - seen.start, cue.end - seen.end)
        least = 0 if known.grid else -grid
        if not all(least <= off < grid for off in offs):
            raise _differs(known, f"the times of cue {number} differ")
        if plain(cue.text) != seen.text:
            raise _differs(known, f"the text of cue {number} differs")
        moved += any(offs)
        most = max(most, *map(abs, offs))
    if moved:
        values: dict[str, str | int] = {
            "moved": moved,
            "most": f"{most / FLICKS_PER_SECOND * 1000:.1f}",
        }
        losses.add(
            "TIMES_ROUNDED",
            sentence("Times of %(moved)s cues are rounded down, by at most %(most)s ms.", **values)
            if known.grid
            else sentence(
                "Times of %(moved)s cues are moved to frames, by at most %(most)s ms.", **values
            ),
        )


def _differs(known: Format, what: str) -> ToolFailed:
    return ToolFailed(
        "EXPORT_DIFFERS", f"The {known.name} file does not read back as it was written: {what}."
    )
