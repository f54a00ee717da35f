"""What a subtitle format is here: one file that reads it, writes it, and reads back what it wrote.

A format's file holds one `Format` value. Reading turns text into raw cues, in the order of the file
and each with its line; all checking, tidying and numbering is done once, in the package. Writing is
checked there too, by reading the result back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from workflow.language.encodings import Reading
from workflow.sentences import sentence
from workflow.sentences import to_json as said
from workflow.timebase import FLICKS_PER_MS, Flicks
from workflow.tracks.cues import Cue, sha256


class Repair(NamedTuple):
    """One thing that is not as it was in the file: mended or taken out on the way in, lost on the way out."""

    code: str  # stable: "MISSING_NUMBER"
    message: str  # one sentence, in English; a `Sentence` where it has values
    where: str = ""  # "line 12", "cue 3"
    cue: int = 0  # of a line where a cue stands: its number; else 0

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, **said(self.message), "where": self.where, "cue": self.cue}


class Remarks:
    """Collects repairs or losses; of one code the first hundred are kept and the others counted."""

    _MOST_OF_ONE_CODE = 100

    def __init__(self) -> None:
        self._kept: list[Repair] = []
        self._counts: Counter[str] = Counter()

    def add(self, code: str, message: str, where: str = "") -> None:
        self._counts[code] += 1
        if self._counts[code] <= self._MOST_OF_ONE_CODE:
            self._kept.append(Repair(code, message, where))

    def all(self, cue_at: Mapping[str, int] | None = None) -> tuple[Repair, ...]:
        """What was collected; *cue_at* has the numbers of cues by where they stand in the file."""
        more = (
            Repair(
                code,
                sentence("The same %(count)s more times.", count=count - self._MOST_OF_ONE_CODE),
            )
            for code, count in self._counts.items()
            if count > self._MOST_OF_ONE_CODE
        )
        kept = (one._replace(cue=(cue_at or {}).get(one.where, 0)) for one in self._kept)
        return (*kept, *more)


class ImportReport(NamedTuple):
    """How a file was understood.

    sure            False when another encoding fits as well: show the alternatives and ask
    alternatives    the other ways to read the bytes, best first
    repairs         what was mended; the cues say the same as the file did
    losses          what the file held and a cue cannot
    """

    format: str
    encoding: str
    sure: bool
    alternatives: tuple[Reading, ...]
    repairs: tuple[Repair, ...]
    losses: tuple[Repair, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "encoding": self.encoding,
            "sure": self.sure,
            "alternatives": [
                {"encoding": other.encoding, "preview": other.text[:400]}
                for other in self.alternatives
            ],
            "repairs": [repair.to_json() for repair in self.repairs],
            "losses": [loss.to_json() for loss in self.losses],
        }


class Imported(NamedTuple):
    """What a file says.

    source_hashes    by uid, of the source text that a cue translated when a script of ours was written; compare
                     with `source_hash` of the text that it translates now. Empty for all other files
    sources          by uid, the original beside it in a script; `script.place_by_source` finds its times by that
    """

    cues: tuple[Cue, ...]
    report: ImportReport
    source_hashes: Mapping[str, str]
    sources: Mapping[str, str]


class Exported(NamedTuple):
    """A finished file: its bytes, how to serve and name it, and what the format could not hold."""

    data: bytes
    media_type: str
    extension: str  # with the dot
    losses: tuple[Repair, ...]


class RawCue(NamedTuple):
    """A cue as a file has it: times not yet judged, text with our six tags only but not yet tidied."""

    line: int  # where its times stand in the file, from 1; of a table, its row
    start: Flicks | None  # None: the file does not say; the package finds a time
    end: Flicks | None
    text: str
    position: int | None = None
    speaker: str = ""
    note: str = ""
    uid: str = ""  # if the file was ours and carries it
    source_hash: str = ""  # of what it translated when the file was written, likewise
    source: str = ""  # the original that stands beside it in a script


@dataclass(eq=False)
class Source:
    """A file to read: its text with ``\\n`` line ends, and what the person said about it.

    text        "" for a format that is no text
    data        its bytes as they came
    language    that is wanted, BCP 47, where a file holds several; "" if nobody said
    """

    text: str
    frame_rate: Fraction | None
    data: bytes = b""
    language: str = ""
    repairs: Remarks = field(default_factory=Remarks)
    losses: Remarks = field(default_factory=Remarks)


@dataclass(eq=False)
class Target:
    """A file to write.

    sources             the text that each cue translates, "" where there is none; () if nobody gave them
    source_language     of those
    title               of the film, where a format has a place for it
    """

    language: str  # BCP 47
    frame_rate: Fraction | None
    sources: tuple[str, ...] = ()
    source_language: str = ""
    title: str = ""
    losses: Remarks = field(default_factory=Remarks)


class Shown(NamedTuple):
    """A cue as a second reader found it in a finished file; *text* without markup."""

    start: Flicks
    end: Flicks
    text: str


def source_hash(text: str) -> str:
    """Names a source text whatever a table program did to its white space: 16 hexadecimal figures."""
    return sha256(" ".join(text.split()).encode())[:16]


def as_they_are(cues: Sequence[Cue], _: Target) -> Sequence[Cue]:
    return cues


class Format(NamedTuple):
    """One subtitle format.

    name            what a person types: "srt"
    aliases         other names and extensions of it, without the dot
    sniff           whether decoded text is of this format; formats are asked in the order of the registry
    is_ours         whether it is a file that this product wrote, whatever stands in its cues; asked first
    sniff_bytes     the same of undecoded bytes, for a format that is no text
    keeps           what of a cue has a place in it besides times and words
    read            raw cues in the order of the file, lazily: the package stops when there are too many
    prepare         cues as the file will have them, and what that loses noted: signs that mean something
                    in it or that it lacks are replaced here. They come without empty and blank lines and
                    without what the format does not keep
    write           the bytes of a file with cues that are prepared; None if it is only read
    only_read       why it is only read: one sentence for a person
    grid            coarsest step of its times: a written time may lie this far before the cue's own;
                    None if it counts frames, and then a time may lie less than one frame off, either way
    read_back       the same bytes through a reader that shares no code with *write*
    """

    name: str
    extension: str
    media_type: str
    read: Callable[[Source], Iterator[RawCue]]
    sniff: Callable[[str], bool] = lambda _: False
    is_ours: Callable[[str], bool] = lambda _: False
    sniff_bytes: Callable[[bytes], bool] = lambda _: False
    aliases: tuple[str, ...] = ()
    keeps: frozenset[str] = frozenset()  # "style", "position", "speaker", "note", "uid"
    prepare: Callable[[Sequence[Cue], Target], Sequence[Cue]] = as_they_are
    write: Callable[[Sequence[Cue], Target], bytes] | None = None
    only_read: str = ""
    grid: Flicks | None = FLICKS_PER_MS
    read_back: Callable[[bytes], list[Shown]] = lambda _: []


STYLE = frozenset({"style"})
PLACE = frozenset({"position"})
SPEAKER = frozenset({"speaker"})
WHOLE = frozenset({"style", "position", "speaker", "note", "uid"})
