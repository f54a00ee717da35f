"""Plain text (.txt): a transcript, with times in brackets or with none.

Ours has a line ``[00:00:01.001 - 00:00:03.003] #uid Speaker`` before each text, so that it can be edited
anywhere and come back. Read are also ``[00:00:01] Text``, the lyrics format (LRC), and text without
any time, line by line, with times made up (docs: `pace`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from workflow.sentences import sentence
from workflow.timebase import from_ms
from workflow.tracks import limits
from workflow.tracks.cues import Cue
from workflow.tracks.formats import tables
from workflow.tracks.formats.codec import (
    SPEAKER,
    Format,
    RawCue,
    Remarks,
    Shown,
    Source,
    Target,
)
from workflow.tracks.formats.times import TIME, write_time
from workflow.tracks.text import as_text

_SHORT = r"\d{1,3}:\d{2}"
_TIME = rf"(?:{TIME}|{_SHORT})"
_HEAD = re.compile(
    rf"\s*\[[ ]*(?P<start>{_TIME})[ ]*(?:[-–—>]+[ ]*(?P<end>{_TIME})[ ]*)?\](?P<rest>.*)"
)
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,:;]\d{1,3})?"
_BARE = re.compile(
    rf"\s*[(<]?(?P<start>{_CLOCK})(?:\s*[-–—]+>?\s*(?P<end>{_CLOCK}))?[)>]?(?P<rest>(?:\s.*)?)"
)
_OURS = re.compile(r"[ ]*#([A-Za-z0-9._:-]{1,64})(?:[ ](.*))?")
_WORDS_OF_PROSE = 40
_SENTENCE = re.compile(r"[^.!?…]+[.!?…]*[»”\"')\]]*\s*")
_CUE_OF_PROSE = 84  # characters: two full lines


def _sniff(text: str) -> bool:
    head = text[:20_000]
    return _head_in(head.split("\n", 60)[:60]) is not None or _is_prose(head)


def _is_ours(text: str) -> bool:
    first = text.partition("\n")[0]
    found = _HEAD.fullmatch(first)
    return bool(found and found["end"] and _OURS.fullmatch(found["rest"]))


def _head_in(lines: Sequence[str]) -> re.Pattern[str] | None:
    """How the times of a transcript are written: in brackets, or at the beginning of lines, in order."""
    if any(_HEAD.fullmatch(line) for line in lines):
        return _HEAD
    found = [match["start"] for line in lines if (match := _BARE.fullmatch(line))]
    times = [[int(part) for part in re.split(r"\D", written)] for written in found]
    if len(times) >= 3 and times == sorted(times) and len({len(one) for one in times}) == 1:
        return _BARE
    return None


def _is_prose(text: str) -> bool:
    """Text that people read; not a play list, a page or a program."""
    text = text.strip()
    if text[:1] in "<{[#;\\" or "-->" in text or "://" in text:
        return False
    lines = [line for line in text.split("\n") if line.strip()]
    if any(re.match(r"\s*\d{1,2}:\d\d", line) for line in lines):
        return False
    letters = sum(char.isalpha() for char in text)
    solid = sum(not char.isspace() for char in text)
    ended = sum(line.rstrip()[-1] in ".!?…:;,»”\"'–—-)" for line in lines)
    return (
        len(text.split()) >= _WORDS_OF_PROSE and letters > 0.8 * solid and ended > 0.5 * len(lines)
    )


def _read(source: Source) -> Iterator[RawCue]:
    lines = source.text.split("\n")
    pattern = _head_in(lines[:60])
    if pattern is None:
        yield from _prose(lines, source.repairs)
        return
    held: list[RawCue] = []  # the cues of one line of times: a song's line may have several
    for number, line in enumerate(lines, start=1):
        if found := pattern.fullmatch(line):
            cues = _headed(found, number, source)
            if len(cues) == 1 and not cues[0].text and not cues[0].uid and cues[0].end is None:
                # [00:20.00] with nothing after it ends the text before it, or its text comes below.
                held = [
                    cue._replace(end=cues[0].start)
                    if cue.end is None and _follows(cue, cues[0])
                    else cue
                    for cue in held
                ]
            yield from (_closed(cue, source) for cue in held if cue.text.strip() or cue.uid)
            held = cues
        elif held:
            held = [cue._replace(text=f"{cue.text}\n{line}") for cue in held]
        elif line.strip():
            source.losses.add(
                "TEXT_BEFORE_FIRST_CUE",
                sentence("Not part of any cue, left out: %(text)s", text=line.strip()[:200]),
                f"line {number}",
            )
    yield from (_closed(cue, source) for cue in held if cue.text.strip() or cue.uid)


def _follows(cue: RawCue, later: RawCue) -> bool:
    return cue.start is not None and later.start is not None and later.start > cue.start


def _headed(found: re.Match[str], number: int, source: Source) -> list[RawCue]:
    start = tables.time_of(found["start"], number, source)
    end = tables.time_of(found["end"], number, source) if found["end"] else None
    rest = found["rest"]
    if ours := _OURS.fullmatch(rest):
        return [RawCue(number, start, end, "", speaker=ours[2] or "", uid=ours[1])]
    if end is None and (again := _HEAD.fullmatch(rest)):
        others = _headed(again, number, source)
        return [others[0]._replace(start=start, end=None), *others]
    return [RawCue(number, start, end, rest.removeprefix(" ").removeprefix("\t"))]


def _closed(cue: RawCue, source: Source) -> RawCue:
    raw = "\n".join(line.rstrip() for line in cue.text.split("\n")).strip("\n")
    where = f"line {cue.line}"
    if "\n\n" in raw:
        source.repairs.add("BLANK_LINE_IN_CUE", "A blank line inside the cue was closed up.", where)
    text = as_text(raw)
    if text != raw:
        source.repairs.add("TAG_AS_TEXT", "Text that looks like a tag got ‹ › marks.", where)
    return cue._replace(text=text)


def _prose(lines: list[str], repairs: Remarks) -> Iterator[RawCue]:
    for number, line in enumerate(lines, start=1):
        text = as_text(line.strip())
        if not text:
            continue
        if len(text) <= limits.MAX_LINE_CHARACTERS // 2:
            yield RawCue(number, None, None, text)
            continue
        repairs.add("PARAGRAPH_SPLIT", "A long paragraph became several cues.", f"line {number}")
        yield from (RawCue(number, None, None, piece) for piece in _pieces(text))


def _pieces(paragraph: str) -> Iterator[str]:
    """Sentences together while they fit into a cue; a longer one breaks between words."""
    held = ""
    for part in _SENTENCE.findall(paragraph) or [paragraph]:
        if held and len(held) + len(part.rstrip()) > _CUE_OF_PROSE:
            yield held.rstrip()
            held = ""
        for word in re.findall(r"\S+\s*", part):
            if held and len(held) + len(word.rstrip()) > _CUE_OF_PROSE:
                yield held.rstrip()
                held = ""
            held += word
    if held.strip():
        yield held.rstrip()


def _prepare(cues: Sequence[Cue], target: Target) -> list[Cue]:
    prepared = []
    for number, cue in enumerate(cues, start=1):
        text = _safe(cue.text)
        if text != cue.text:
            target.losses.add(
                "BRACKETS", "A line that looks like times is written with ( ).", f"cue {number}"
            )
        prepared.append(replace(cue, text=text))
    return prepared


def _write(cues: Sequence[Cue], _: Target) -> bytes:
    blocks = []
    for cue in cues:
        start, end = (write_time(time, mark=".") for time in (cue.start, cue.end))
        head = f"[{start} - {end}] #{cue.uid} {' '.join(cue.speaker.split())}".rstrip()
        blocks.append(f"{head}\n{cue.text}\n")
    return "\n".join(blocks).encode()


def _safe(text: str) -> str:
    """Without lines that would be taken for a line of times."""
    return "\n".join(
        re.sub(r"\[([^\]]*)\]", r"(\1)", line) if _HEAD.fullmatch(line) else line
        for line in text.split("\n")
    )


def _read_back(data: bytes) -> list[Shown]:
    shown = []
    for block in re.split(r"(?m)^(?=\[\d\d+:\d\d:\d\d\.\d{3} - )", data.decode())[1:]:
        head, _, text = block.partition("\n")
        first, last = (_ms(part) for part in head[1 : head.index("]")].split(" - "))
        shown.append(Shown(from_ms(first), from_ms(last), text.rstrip("\n")))
    return shown


def _ms(written: str) -> int:
    hours, minutes, seconds = written.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + int(seconds.replace(".", ""))


FORMAT = Format(
    name="txt",
    extension=".txt",
    media_type="text/plain",
    keeps=SPEAKER | {"uid"},
    sniff=_sniff,
    is_ours=_is_ours,
    read=_read,
    prepare=_prepare,
    write=_write,
    read_back=_read_back,
)
