"""What a rule is: a small function over a line-up that says where it is broken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, TypeVar, cast

from workflow.language.glossary import Glossary, seed
from workflow.language.spelling import Speller, turkmen
from workflow.qc.profiles import TRAINING_FILM, Limit, Profile
from workflow.sentences import to_json as said
from workflow.timebase import FLICKS_PER_SECOND, Flicks, FrameGrid
from workflow.tracks.cues import Cue
from workflow.tracks.text import count_characters, plain

_WORD = re.compile(r"[^\W\d_]+")

T = TypeVar("T")

ERROR, WARNING, HINT = "error", "warning", "hint"


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule is broken.

    cue         its number, from 1
    severity    "error" blocks delivery, "warning" must be acknowledged, "hint" is advice
    message     in English; a `Sentence` where it has values
    fix         whether `qc.repair` can mend this one
    """

    rule: str
    cue: int
    uid: str
    severity: str
    message: str
    fix: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "cue": self.cue,
            "uid": self.uid,
            "severity": self.severity,
            **said(self.message),
            "fix": self.fix,
        }


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What the rules need of a film.

    duration    the end of its last frame
    shots       times of the shot changes; None when nobody has looked for them
    speech      start and end of each stretch of speech; None when nobody has listened
    """

    rate: Fraction
    duration: Flicks
    shots: tuple[Flicks, ...] | None = None
    speech: tuple[tuple[Flicks, Flicks], ...] | None = None


@dataclass(frozen=True, slots=True)
class Lore:
    """What a project knows beside its cues.

    glossary            its terms; the seed glossary where it has none of its own
    words               Turkmen words that are right here, without endings
    names               Turkmen form by the source's: {"Lena": "Lena", "George": "Jorj"}
    source_language     BCP 47, of the source's cues
    """

    glossary: Glossary = field(default_factory=seed)
    words: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    source_language: str = "en"

    @property
    def speller(self) -> Speller:
        """Knows the project's words and names; loads the dictionary when it is first asked."""
        words = self.words | frozenset(self.names.values())
        return _speller(words) if words else turkmen()


_PLAINLY = re.compile(
    "[\\x20-\\x7a\\x7c-\\x7e\\n\\xa0-\\xac\\xae-\\u02ff\\u0400-\\u0482\\u048a-\\u052f\\u2010-\\u2027\\u2030-\\u205e\\u2660-\\u266f]*"
)


@lru_cache(maxsize=50_000)
def counted(text: str) -> int:
    """`count_characters`, quick for text of whole letters; answers are kept, for lines come again and again."""
    bare = plain(text)
    if _PLAINLY.fullmatch(bare):
        return len(bare) - bare.count("\n")
    return count_characters(text)


class LineUp:
    """A track as the rules see it, with what several of them need worked out once.

    film        without it rules that count frames say nothing; without its shots, those about cuts;
                without its speech, those about speech
    source      the cues that these translate; without it rules that compare say nothing
    language    BCP 47, of *cues*
    lore        what the project knows; None: nothing of its own
    """

    def __init__(
        self,
        cues: Sequence[Cue],
        *,
        film: FilmFacts | None = None,
        source: Sequence[Cue] | None = None,
        profile: Profile = TRAINING_FILM,
        language: str = "tk",
        lore: Lore | None = None,
    ) -> None:
        self.cues = tuple(cues)
        self.film = film
        self.source = tuple(source) if source is not None else None
        self.profile = profile
        self.language = language
        self.lore = lore or Lore()
        self._told: dict[tuple[str, ...], Any] = {}

    def once(self, key: tuple[str, ...], work: Callable[[], T]) -> T:
        """What *work* gives, worked out once for this line-up and all that are made from it."""
        if key not in self._told:
            self._told[key] = work()
        return cast("T", self._told[key])

    def with_cues(self, cues: Sequence[Cue]) -> LineUp:
        """The same film, profile and source with other cues; what is known of cues that stay is kept."""
        other = LineUp(
            cues,
            film=self.film,
            source=self.source,
            profile=self.profile,
            language=self.language,
            lore=self.lore,
        )
        other._told = self._told
        for name in (
            "cuts",
            "grid",
            "half_second_frames",
            "speech",
            "source_texts",
            "_frame_length",
        ):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other

    @property
    def is_turkmen_latin(self) -> bool:
        return self.language.partition("-")[0] == "tk" and "Cyrl" not in self.language

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Of each cue, without markup."""
        return tuple(plain(cue.text) for cue in self.cues)

    @cached_property
    def source_texts(self) -> tuple[str, ...]:
        """Of each cue of the source, without markup."""
        return tuple(plain(cue.text) for cue in self.source or ())

    @cached_property
    def lines(self) -> tuple[tuple[str, ...], ...]:
        """Of each cue, without markup."""
        return tuple(tuple(text.split("\n")) for text in self.texts)

    @cached_property
    def small_words(self) -> frozenset[str]:
        """Every word that begins with a small letter somewhere in the track: no name does."""
        return frozenset(
            word for text in self.texts for word in _WORD.findall(text) if word[0].islower()
        )

    @cached_property
    def characters(self) -> tuple[int, ...]:
        return tuple(counted(cue.text) for cue in self.cues)

    @cached_property
    def frames(self) -> tuple[tuple[int, int], ...]:
        """Of each cue, the first frame that shows it and the first that does not any more."""
        first = self.first_frame_at
        return tuple((first(cue.start), first(cue.end)) for cue in self.cues)

    def first_frame_at(self, time: Flicks) -> int:
        """As the grid has it; in whole numbers where a frame is a whole number of flicks."""
        length = self._frame_length
        return -(-time // length) if length else self.grid.first_frame_at(time)

    def frame_at(self, time: Flicks) -> int:
        """As the grid has it."""
        length = self._frame_length
        return time // length if length else self.grid.frame_at(time)

    def snap(self, time: Flicks) -> Flicks:
        """As the grid has it."""
        length = self._frame_length
        return (time + length // 2) // length * length if length else self.grid.snap(time)

    @cached_property
    def _frame_length(self) -> Flicks:
        """Of every common rate; 0 where a frame is no whole number of flicks."""
        exact = FLICKS_PER_SECOND / self.grid.rate
        return exact.numerator if exact.denominator == 1 and exact.numerator % 2 == 0 else 0

    @cached_property
    def cuts(self) -> tuple[int, ...]:
        """First frames of the shots."""
        shots = self.film.shots if self.film else None
        return tuple(sorted({self.frame_at(self.snap(shot)) for shot in shots or ()}))

    @cached_property
    def speech(self) -> tuple[tuple[Flicks, Flicks], ...]:
        return tuple(sorted(self.film.speech or ())) if self.film else ()

    def frames_of(self, limit: Limit) -> int:
        """A limit in frames; half a second is rounded half up, other seconds down."""
        if isinstance(limit, int):
            return limit
        return self.half_second_frames if limit == Fraction(1, 2) else int(self.grid.rate * limit)

    @cached_property
    def grid(self) -> FrameGrid:
        """Only for rules that need the film."""
        assert self.film is not None  # noqa: S101 (the registry sees to it)
        return FrameGrid(self.film.rate)

    @cached_property
    def half_second_frames(self) -> int:
        """12 at 24 and 23.976, 13 at 25, 15 at 30 and 29.97: rounded half up, by the exact rate."""
        return int(self.grid.rate / 2 + Fraction(1, 2))

    def can_judge(self, rule: Rule) -> bool:
        """Whether the profile has the rule, what it needs is known, and it is about the track's language."""
        known = {
            "film": self.film is not None,
            "shots": self.film is not None and self.film.shots is not None,
            "speech": self.film is not None and self.film.speech is not None,
            "source": self.source is not None,
        }
        return (
            bool(self.cues)
            and self.profile.judges(rule.id)
            and all(known[need] for need in rule.needs)
            and (self.is_turkmen_latin or not rule.turkmen)
        )

    def seconds(self, index: int) -> Fraction:
        cue = self.cues[index]
        return Fraction(cue.end - cue.start, FLICKS_PER_SECOND)


@lru_cache(maxsize=16)
def _speller(words: frozenset[str]) -> Speller:
    return Speller(words)


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding before it has its rule and number."""

    index: int
    severity: str
    message: str
    fix: bool = False


Judge = Callable[[LineUp], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table of rules.

    needs       "film", "shots", "speech", "source": without it the rule says nothing
    turkmen     whether it is about Turkmen in Latin letters alone
    """

    id: str
    title: str
    judge: Judge
    needs: frozenset[str]
    turkmen: bool


RULES: dict[str, Rule] = {}
"""Every rule that there is, by id; filled by the modules of this room."""


def rule(id: str, title: str, *needs: str, turkmen: bool = False) -> Callable[[Judge], Judge]:
    """Enters the function below it in the table."""

    def enter(judge: Judge) -> Judge:
        RULES[id] = Rule(id, title, judge, frozenset(needs), turkmen)
        return judge

    return enter
