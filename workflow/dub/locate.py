"""Where the lines of a script are spoken in one long recording.

The order is unknown, lines are said twice, left out and talked over. Every line is spoken by the guide
voice and turned into a template; tokens pass over all of them (passing.py), once to learn the speaker's
voice and once more with the templates adapted to it; neighbours with speech between them that nothing
explains are laid out anew together, and a line missing between two that were found is looked for in the
gap; edges go to where the sound begins and ends (edges.py); each take gets a confidence (confidence.py).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from workflow.dub.confidence import Evidence, confidence
from workflow.dub.edges import Loudness
from workflow.dub.features import (
    HOP_SAMPLES,
    RATE,
    Frames,
    Sound,
    cepstra,
    codebook,
    distances,
    mel_bank,
    spectrum,
)
from workflow.dub.passing import (
    Costs,
    Passage,
    Templates,
    best_path,
    pass_tokens,
    path_distances,
)
from workflow.dub.voice import speak
from workflow.errors import BadInput
from workflow.media.facts import Finding
from workflow.progress import Watch, part, unwatched

STEP = 2  # the search looks at every second frame
FRAME_SECONDS = HOP_SAMPLES * STEP / RATE
WARPS = (0.85, 0.9, 0.95, 1.0, 1.06, 1.12, 1.18, 1.24)
LEARNED_FRAMES = round(480 / FRAME_SECONDS)  # of the recording, to learn the voice from
MOST_LINES = 2_000
SURE = 0.9  # below, a person listens first
FOUND_IN_GAP = 0.85  # a line that was not found by itself is never surer than this
ALIKE = 0.05  # two takes of a line as good as each other: a person chooses

#: Why a take must be heard by a person whatever its confidence.
ODD_LENGTH, LITTLE_SPEECH, OUT_OF_ORDER = "odd_length", "little_speech", "out_of_order"
TWO_ALIKE, SAME_TEXT, IN_GAP = "two_alike", "same_text", "found_in_gap"

_WEIGHTS = np.concatenate([np.ones(12), np.full(12, 0.6)]).astype(np.float32)
_VOICED = 0.3
_SLOW = 0.03  # log: slower than the speaker's usual pace
_HURRIED = 0.2  # log: faster than it, by more than anyone reads
_ADJOINING = 5  # frames: 0.1 s
_PAUSE = 8  # frames: 0.16 s
_SCRAP = 20  # frames: a syllable or two
_SYLLABLE = 11  # frames: before a pause it may belong to the line or not
_PACE_PRICE = 150.0
_FEWEST_OF_A_VOICE = 6
_TWO_VOICES_GAIN = 0.15  # of the error: splitting one voice at random gains a third of it


@dataclass(frozen=True, slots=True)
class Take:
    """One time a line was spoken: seconds of the recording."""

    start: float
    end: float
    confidence: float
    flags: tuple[str, ...]
    evidence: Evidence

    @property
    def sure(self) -> bool:
        return self.confidence >= SURE and not self.flags


@dataclass(frozen=True, slots=True)
class LocatedLine:
    """Every take of one line, in the order they were said, and which of them is offered."""

    takes: tuple[Take, ...]
    chosen: int | None

    @property
    def take(self) -> Take | None:
        return None if self.chosen is None else self.takes[self.chosen]


@dataclass(frozen=True, slots=True)
class Located:
    lines: tuple[LocatedLine, ...]
    findings: tuple[Finding, ...]


def locate(
    samples: Frames,
    texts: Sequence[str],
    *,
    language: str = "tk",
    speech: Frames | None = None,
    watch: Watch = unwatched,
) -> Located:
    """Find every line of *texts* in *samples*.

    samples   mono float32 at 16 kHz
    texts     plain text of each line, in the script's order
    language  of the lines, for the guide voice
    speech    probability of speech, evenly spaced over the whole recording; None: judged by loudness,
              which serves for clean recordings

    Raises BadInput SCRIPT_EMPTY, SCRIPT_TOO_LONG (2000 lines), VOICE_UNKNOWN, NO_SPEECH.
    """
    _check(texts)
    spoken = [number for number, text in enumerate(texts) if any(map(str.isalnum, text))]
    said = _say([texts[number] for number in spoken], language, part(watch, 0, 150))
    # The products are small: threads of the linear algebra would wait for one another more than work.
    with threadpool_limits(1):
        hearing = _Hearing(samples, speech, said)
        passages = hearing.search(part(watch, 150, 900))
        watch(900, "Judging the takes")
        found = hearing.judge(passages)
    lines: list[list[Take]] = [[] for _ in texts]
    for passage, take in found:
        lines[spoken[passage.line]].append(take)
    same = _repeated(texts)
    located = _in_doubt_of_order(
        [_chosen(takes, texts[number] in same) for number, takes in enumerate(lines)]
    )
    watch(1000, "Judging the takes")
    return Located(located, tuple(_findings(located, same)))


def _check(texts: Sequence[str]) -> None:
    if not any(any(map(str.isalnum, text)) for text in texts):
        raise BadInput(
            "SCRIPT_EMPTY",
            "The script has no line with words to look for.",
            advice="Choose the track whose lines were read.",
        )
    if len(texts) > MOST_LINES:
        raise BadInput(
            "SCRIPT_TOO_LONG",
            f"The script has {len(texts)} lines; at most {MOST_LINES} can be looked for at once.",
            advice="Divide the script and the recording.",
        )


def _repeated(texts: Sequence[str]) -> frozenset[str]:
    seen: set[str] = set()
    return frozenset(text for text in texts if text in seen or seen.add(text))  # type: ignore[func-returns-value]


def _chosen(takes: list[Take], same_text: bool) -> LocatedLine:
    """The last take that is about as good as the best one: people repeat what they want to do better."""
    if not takes:
        return LocatedLine((), None)
    best = max(take.confidence for take in takes)
    good = [i for i, take in enumerate(takes) if take.confidence >= min(0.8, best - 0.1)]
    chosen = good[-1]
    if any(
        abs(take.confidence - takes[chosen].confidence) <= ALIKE
        for i, take in enumerate(takes)
        if i != chosen
    ):
        takes[chosen] = _flagged(takes[chosen], TWO_ALIKE)
    if same_text:
        takes[chosen] = _flagged(takes[chosen], SAME_TEXT)
    return LocatedLine(tuple(takes), chosen)


def _flagged(take: Take, flag: str) -> Take:
    return replace(take, flags=(*take.flags, flag))


def _in_doubt_of_order(lines: list[LocatedLine]) -> tuple[LocatedLine, ...]:
    """The lines; those outside the longest row of offered takes that keeps the script's order are flagged."""
    found = [(number, line.take.start) for number, line in enumerate(lines) if line.take]
    # after Schensted (1961): tops[n] ends the row of n + 1 lines that ends earliest in the recording
    tops: list[float] = []
    ranks = []
    for _, start in found:
        rank = bisect_left(tops, start)
        tops[rank : rank + 1] = [start]
        ranks.append(rank)
    wanted, before = len(tops) - 1, float("inf")
    for (number, start), rank in zip(found[::-1], ranks[::-1], strict=True):
        if rank == wanted and start < before:
            wanted, before = wanted - 1, start
            continue
        line = lines[number]
        takes = [
            _flagged(take, OUT_OF_ORDER) if i == line.chosen else take
            for i, take in enumerate(line.takes)
        ]
        lines[number] = LocatedLine(tuple(takes), line.chosen)
    return tuple(lines)


def _findings(lines: Sequence[LocatedLine], same: frozenset[str]) -> list[Finding]:
    findings = []
    missing = sum(line.take is None for line in lines)
    doubtful = sum(line.take is not None and not line.take.sure for line in lines)
    if missing:
        findings.append(
            Finding("LINES_MISSING", f"{missing} of {len(lines)} lines were not found.")
        )
    if doubtful:
        findings.append(
            Finding(
                "LINES_DOUBTFUL", f"{doubtful} lines should be listened to before they are used."
            )
        )
    if same:
        findings.append(
            Finding("SAME_TEXT", f"{len(same)} texts stand in the script more than once.")
        )
    sure = sum(line.take is not None and line.take.sure for line in lines)
    if sure * 5 < len(lines):
        findings.append(
            Finding(
                "OTHER_SCRIPT",
                "Hardly any line was found for sure: this may be a recording of another script.",
            )
        )
    return findings


def _say(texts: Sequence[str], language: str, watch: Watch) -> list[Frames]:
    """Every line as the guide voice says it, 16 kHz."""
    known: dict[str, Frames] = {}
    said = []
    for number, text in enumerate(texts):
        if text not in known:
            spoken = speak(text, language)
            known[text] = _resampled(spoken.trimmed(), spoken.rate)
        said.append(known[text])
        if number % 20 == 0:
            watch(number * 1000 // len(texts), "Speaking the script")
    return said


def _resampled(samples: Frames, rate: int) -> Frames:
    """To 16 kHz, by leaving out what is above 8 kHz."""
    padded = np.concatenate([samples, np.zeros(-len(samples) % rate, np.float32)])
    whole = np.fft.rfft(padded)
    length = len(padded) * RATE // rate
    cut = np.fft.irfft(whole[: length // 2 + 1], length) * (RATE / rate)
    return cut[: len(samples) * RATE // rate].astype(np.float32)


def speech_by_loudness(samples: Frames, frames: int) -> Frames:
    """Probability of speech every 10 ms from loudness alone: right when nothing else is heard."""
    power = np.convolve(samples**2, np.full(400, 1 / 400, np.float32), "same")
    level = 10 * np.log10(power[200::HOP_SAMPLES][:frames] + 1e-10)
    low, high = np.percentile(level, 10), np.percentile(level, 95)
    speech: Frames = np.clip(
        (level - low - 0.25 * (high - low)) / (0.2 * (high - low) + 1e-6), 0, 1
    ).astype(np.float32)
    return np.pad(speech, (0, frames - len(speech)), "edge")


class _Hearing:
    """One recording beside one script, on the way from first guess to adapted templates."""

    def __init__(self, samples: Frames, speech: Frames | None, said: list[Frames]) -> None:
        self._sound = Sound(samples)
        self._speech = _every_10_ms(speech, samples, self._sound.frames)
        voiced, quiet = self._speech > 0.5, self._speech < 0.1
        if voiced.sum() < 20:
            raise BadInput(
                "NO_SPEECH",
                "No voice is heard in this recording.",
                advice="Choose the right microphone or file, and send it again.",
            )
        self._quiet = quiet
        mel = self._sound.bands()
        noise = mel[quiet].mean(0) if quiet.sum() > 50 else np.percentile(mel, 5, axis=0)
        lines = [spectrum(line) @ mel_bank().T for line in said]
        scale = (mel[voiced].mean() - noise.mean()) / np.concatenate(lines).mean()
        # the templates hear the recording's noise
        looks = [cepstra(line * max(scale, 1e-6) + noise) for line in lines]
        every = np.concatenate(looks)
        mean, spread = every.mean(0), every.std(0) + 1e-6
        self.templates = Templates.joined(
            [(((look - mean) / spread) * _WEIGHTS)[::STEP] for look in looks]
        )
        self._book = codebook(self.templates.frames)
        warp = self._best_warp(voiced)
        look = _normal(mel if warp == 1.0 else self._sound.bands(warp), voiced)
        self.frames = np.ascontiguousarray(look[::STEP], np.float32)
        self.speech = np.ascontiguousarray(self._speech[::STEP], np.float32)
        self.costs = Costs()
        self._random = np.random.default_rng(3)
        self._from_gaps: list[Passage] = []
        self._set_unit()

    def _best_warp(self, voiced: npt.NDArray[np.bool_]) -> float:
        first_minute = np.flatnonzero(voiced)[:6000]
        if len(first_minute) <= 100:
            return 1.0
        power = self._sound.spectrum(0, int(first_minute[-1]) + 1)[first_minute]
        every = np.ones(len(power), bool)

        def strangeness(warp: float) -> float:
            look = _normal(power @ mel_bank(warp).T, every)
            return float(distances(look, self._book).min(1).mean())

        return min(WARPS, key=strangeness)

    def _set_unit(self) -> None:
        """Distances are counted in the recording's median distance to the nearest sound."""
        self.filler = distances(self.frames, self._book).min(1)
        unit = np.float32(np.median(self.filler[self.speech > 0.5]))
        self.frames, self.filler = self.frames / unit, self.filler / unit
        self.templates = self.templates.with_frames(self.templates.frames / unit)

    def search(self, watch: Watch) -> list[Passage]:
        watch(0, "Looking for the lines")
        end = min(len(self.frames), LEARNED_FRAMES)
        first = pass_tokens(
            self.templates,
            self.frames[:end],
            self.filler[:end],
            self.speech[:end],
            self.costs,
            watch=part(watch, 0, 300),
        )
        if not self._learn(first) and end == len(self.frames):
            return self._trimmed(self._mended(first))
        second = pass_tokens(
            self.templates,
            self.frames,
            self.filler,
            self.speech,
            self.costs,
            watch=part(watch, 300, 1000),
        )
        return self._trimmed(self._mended(second))

    def _learn(self, passages: list[Passage]) -> bool:
        """Adapt the templates to this voice, and the filler to how well they then fit. False: too little said."""
        usable = [p for p in passages if (self.speech[p.start : p.end] > _VOICED).sum() >= 10]
        if len(usable) < 8:
            return False
        own, _ = self._compare(usable)
        limit = np.percentile(own, 70)
        best = [p for p, distance in zip(usable, own, strict=True) if distance <= limit][:120]
        pairs = [self._pair(passage) for passage in usable[:170]]
        voices, speaker_of = _voices(pairs, [p in set(best) for p in usable[:170]])
        voice_of = np.zeros(len(self.templates), np.int64)
        for passage, speaker in zip(usable, speaker_of, strict=False):
            voice_of[passage.line] = speaker
        if len(voices) > 1:
            best = usable[:120]
        adapted = np.concatenate(
            [
                _mapped(voices[voice_of[line]], self.templates.line(line))
                for line in range(len(self.templates))
            ]
        )
        self.templates = self.templates.with_frames(adapted)
        self._book = codebook(self.templates.frames)
        self._set_unit()
        own, others = self._compare(best)
        right, wrong = float(np.median(own)), float(np.median(others))
        scale = min(max((wrong - right) / 0.5, 0.4), 1.6)
        usual = Costs()
        self.costs = usual._replace(
            filler=right + 0.6 * (wrong - right),
            again=usual.again * scale,
            ahead=usual.ahead * scale,
            jump=usual.jump * scale * _trust_in_order(passages),
        )
        return True

    def _pair(self, passage: Passage) -> tuple[Frames, Frames]:
        """What the guide voice said and what was heard, voiced frame by voiced frame."""
        template, recording = self.templates.line(passage.line), self._cut(passage)
        matched = best_path(template, recording, linger=self.costs.linger, hurry=self.costs.hurry)
        voiced = self.speech[passage.start : passage.end] > 0.5
        return template[matched][voiced], recording[voiced]

    def _cut(self, passage: Passage) -> Frames:
        return self.frames[passage.start : passage.end]

    def _of_like_length(self, line: int, most: int) -> npt.NDArray[np.int64]:
        lengths = self.templates.lengths
        return np.argsort(np.abs(np.log(lengths / lengths[line])), kind="stable")[1:most]

    def _compare(self, passages: list[Passage]) -> tuple[list[float], list[float]]:
        """Distance over the filler of each passage's own line, and of three others like it in length."""
        own, others = [], []
        for passage in passages:
            voiced = self.speech[passage.start : passage.end] > _VOICED
            like = self._of_like_length(passage.line, 60)
            rivals = self._random.choice(like, min(3, len(like)), replace=False)
            each = self._distances([passage.line, *rivals], self._cut(passage)[voiced])
            each = each - self.filler[passage.start : passage.end][voiced].mean()
            own.append(float(each[0]))
            others += [float(distance) for distance in each[1:]]
        return own, others or own

    def _distances(self, lines: Sequence[int], recording: Frames) -> Frames:
        return path_distances(
            [self.templates.line(line) for line in lines],
            recording,
            linger=self.costs.linger,
            hurry=self.costs.hurry,
        )

    def _mended(self, passages: list[Passage]) -> list[Passage]:
        """Neighbours in the script's order, with unexplained speech or a missing line between them, anew."""
        out = passages[:1]
        for after in passages[1:]:
            before = out[-1]
            step = after.line - before.line
            unexplained = float((self.speech[before.end : after.start] > 0.5).sum())
            if step == 1 and unexplained > 15:
                again = self._laid_out([before.line, after.line], before.start, after.end)
                if len(again) == 2:
                    out[-1:] = again
                    continue
            elif step in (2, 3) and unexplained > 15:
                lines = list(range(before.line + 1, after.line))
                found = self._laid_out(lines, before.end, after.start)
                found = [passage for passage in found if self._fits(passage)]
                self._from_gaps += found
                out += found
            out.append(after)
        return out

    def _laid_out(self, lines: list[int], start: int, end: int) -> list[Passage]:
        """*lines* in that order in the frames from *start* to *end*; ad-libs are dear, order is all."""
        templates = Templates.joined([self.templates.line(line) for line in lines])
        found = pass_tokens(
            templates,
            self.frames[start:end],
            self.filler[start:end],
            self.speech[start:end],
            self.costs._replace(
                filler=self.costs.filler + 0.5, again=1e3, ahead=1e3, jump=1e3, beam=1e3
            ),
        )
        return [Passage(lines[p.line], p.start + start, p.end + start) for p in found]

    def _fits(self, passage: Passage) -> bool:
        """Whether what was looked for in a gap is there at all."""
        voiced = self.speech[passage.start : passage.end] > _VOICED
        if voiced.sum() < 10:
            return False
        own = self._distances([passage.line], self._cut(passage)[voiced])[0]
        filler = self.filler[passage.start : passage.end][voiced].mean()
        return bool(own - filler < self.costs.filler + 0.25)

    def _pace(self, passages: list[Passage]) -> float:
        """Voiced frames of the recording for one of the template: how slowly this person speaks."""
        lengths = self.templates.lengths
        return float(np.median([self._voiced(p.start, p.end) / lengths[p.line] for p in passages]))

    def _voiced(self, start: int, end: int) -> int:
        return max(1, int((self.speech[start:end] > _VOICED).sum()))

    def _trimmed(self, passages: list[Passage]) -> list[Passage]:
        """Passages without what a pause divides from the line: a false start, or the end of one."""
        if not passages:
            return passages
        pace = self._pace(passages)
        whole: list[Passage] = []
        for passage in passages:
            before = whole[-1] if whole else None
            if (
                before is not None
                and before.line == passage.line
                and passage.start - before.end <= _ADJOINING
                and self._off_pace(before.line, before.start, before.end, pace) < -_HURRIED
            ):
                # too short to be a take, and it has taken the beginning of the one after it
                whole[-1] = Passage(passage.line, before.start, passage.end)
            else:
                whole.append(passage)
        befores = [0, *(passage.end for passage in whole)]
        afters = [*(passage.start for passage in whole[1:]), len(self.speech)]
        clipped = [
            self._without_scraps(passage, before, after)
            for passage, before, after in zip(whole, befores, afters, strict=False)
        ]
        return [
            self._best_between_pauses(p, pace)
            if self._off_pace(p.line, p.start, p.end, pace) > _SLOW
            else p
            for p in clipped
        ]

    def _without_scraps(self, passage: Passage, before: int, after: int) -> Passage:
        """Without a syllable or two before a pause that other speech runs into, or after one and on into it.

        That is the rest of a false start; a piece between two pauses is a first word ("Bu …"), and stays.

        before, after  end of the passage before it, start of the one after
        """
        line, start, end = passage
        pauses = self._pauses(start, end)
        scrap = min(_SCRAP, int(self.templates.lengths[line]) // 4)
        if self._is_spoken_through(max(before, start - _PAUSE), start):
            for first, last in pauses:
                if first > start and self._voiced(passage.start, first) <= scrap:
                    start = last
        if self._is_spoken_through(end, min(after, end + _PAUSE)):
            for first, last in pauses[::-1]:
                if start < first and last < end and self._voiced(last, passage.end) <= scrap:
                    end = first
        return Passage(line, start, end)

    def _is_spoken_through(self, start: int, end: int) -> bool:
        """Whether nobody draws breath between these frames: a stretch too short for a pause says nothing."""
        return end - start >= _PAUSE // 2 and bool((self.speech[start:end] > _VOICED).mean() > 0.5)

    def _begins_in_doubt(self, passage: Passage, before: int) -> bool:
        """A syllable by itself before a pause: the line's first word, or the rest of a false start."""
        _, start, end = passage
        since = max(before + _ADJOINING, start - 2 * _SYLLABLE)
        if since < start and _ADJOINING < (self.speech[since:start] > _VOICED).sum() <= _SYLLABLE:
            return True
        return any(
            first > start and self._voiced(start, first) <= _SYLLABLE
            for first, _ in self._pauses(start, end)
        )

    def _pauses(self, start: int, end: int) -> list[tuple[int, int]]:
        """Frames between *start* and *end* without speech, where they are enough for a pause."""
        quiet = np.concatenate([[False], self.speech[start:end] < _VOICED, [False]])
        changes = np.flatnonzero(np.diff(quiet.astype(np.int8))) + start
        return [
            (int(a), int(b))
            for a, b in zip(changes[::2], changes[1::2], strict=True)
            if b - a >= _PAUSE
        ]

    def _off_pace(self, line: int, start: int, end: int, pace: float) -> float:
        """Log of its length against the usual; positive is slow."""
        return float(np.log(self._voiced(start, end) / self.templates.lengths[line] / pace))

    def _best_between_pauses(self, passage: Passage, pace: float) -> Passage:
        line, start, end = passage
        pauses = self._pauses(start, end)
        starts = [start, *(last for _, last in pauses)]
        ends = [*(first for first, _ in pauses), end]
        outside = np.cumsum(np.concatenate([[0], self.speech[start:end] > _VOICED]))

        def price(one: Passage) -> float:
            voiced = self.speech[one.start : one.end] > _VOICED
            own = self._distances([line], self._cut(one)[voiced])[0]
            over = float(own - self.filler[one.start : one.end][voiced].mean())
            count = int(voiced.sum())
            left_out = int(outside[-1]) - count
            off = self._off_pace(line, one.start, one.end, pace)
            return count * over + left_out * self.costs.filler + _PACE_PRICE * off * off

        options = [
            Passage(line, a, b)
            for a in starts[:6]
            for b in ends[-6:]
            if b > a
            and (self.speech[a:b] > _VOICED).sum() >= self.templates.lengths[line] * pace / 2
        ]
        return min([passage, *options], key=price)

    def judge(self, passages: list[Passage]) -> list[tuple[Passage, Take]]:
        if not passages:
            return []
        pace = self._pace(passages)
        edges = Loudness(self._sound, self._quiet)
        found: list[tuple[Passage, Take]] = []
        for number, passage in enumerate(passages):
            before = passages[number - 1] if number else None
            after = passages[number + 1] if number + 1 < len(passages) else None
            evidence = self._evidence(passage, before, after, pace)
            start, end = edges.of(
                passage.start * FRAME_SECONDS,
                passage.end * FRAME_SECONDS,
                not_before=found[-1][1].end if found else 0.0,
                not_after=after.start * FRAME_SECONDS if after else float("inf"),
            )
            sure = confidence(evidence)
            flags = tuple(_flags(evidence))
            if self._begins_in_doubt(passage, before.end if before else 0) or self._is_said_again(
                passage, after.start if after else len(self.speech), pace
            ):
                sure = min(sure, FOUND_IN_GAP)
            if any(gap.line == passage.line and _overlap(gap, passage) for gap in self._from_gaps):
                sure, flags = min(sure, FOUND_IN_GAP), (*flags, IN_GAP)
            found.append((passage, Take(start, end, sure, flags, evidence)))
        return found

    def _is_said_again(self, passage: Passage, until: int, pace: float) -> bool:
        """Whether what nothing explains after it, *until* the next passage, is most like this line: a missed take."""
        line, _, start = passage
        voiced = self.speech[start:until] > _VOICED
        usual = self.templates.lengths[line] * pace
        if not 0.6 * usual < voiced.sum() < 1.6 * usual:
            return False
        lines = [line, *self._rivals(line, start)]
        return int(np.argmin(self._distances(lines, self.frames[start:until][voiced]))) == 0

    def _rivals(self, line: int, start: int) -> npt.NDArray[np.int64]:
        """Up to 24 lines of like length, the same ones for a line at a place."""
        like = self._of_like_length(line, 81)
        random = np.random.default_rng([2, line, start])
        return random.choice(like, min(24, len(like)), replace=False)

    def _evidence(
        self, passage: Passage, before: Passage | None, after: Passage | None, pace: float
    ) -> Evidence:
        line, start, end = passage
        speech, recording, filler = (
            each[start:end] for each in (self.speech, self.frames, self.filler)
        )
        voiced = speech > _VOICED
        if voiced.sum() <= 5:
            voiced[:] = True
        heard = recording[voiced]
        own, *others = (
            float(value) for value in self._distances([line, *self._rivals(line, start)], heard)
        )
        template, middle = self.templates.line(line), max(2, len(heard) // 2)
        fold = max(2, len(template) // 2)
        near = filler[voiced]
        halves = [
            float(
                path_distances([a], b, linger=self.costs.linger, hurry=self.costs.hurry)[0]
                - c.mean()
            )
            for a, b, c in (
                (template[:fold], heard[:middle], near[:middle]),
                (template[fold:], heard[middle:], near[middle:]),
            )
            if len(a) and len(b)
        ]
        length = len(template)
        others = others or [own]
        return Evidence(
            over_filler=own - float(filler.mean()),
            over_others=(float(np.mean(others)) - own) / (float(np.std(others)) + 0.02),
            over_rival=min(others) - own,
            worse_half=max(halves, default=own),
            duration=abs(self._off_pace(line, start, end, pace)),
            speech=float(speech.mean()),
            length=float(np.log(length * FRAME_SECONDS)),
            neighbours=float(before is None or before.line in (line, line - 1))
            + float(after is None or after.line in (line, line + 1)),
        )


def _overlap(one: Passage, other: Passage) -> bool:
    return one.start < other.end and other.start < one.end


def _flags(evidence: Evidence) -> list[str]:
    flags = []
    if evidence.duration > 0.48:  # 0.6 to 1.6 of the speaker's usual pace
        flags.append(ODD_LENGTH)
    if evidence.speech < 0.6:
        flags.append(LITTLE_SPEECH)
    return flags


def _trust_in_order(passages: list[Passage]) -> float:
    """1 to 1.5: how much dearer it is to leave the script's order where nearly everything else keeps it."""
    steps = np.diff([passage.line for passage in passages])
    kept = float(np.mean((steps >= 0) & (steps <= 3)))
    return 1 + min(max(5 * (kept - 0.9), 0.0), 0.5)


def _every_10_ms(speech: Frames | None, samples: Frames, frames: int) -> Frames:
    if speech is None:
        return speech_by_loudness(samples, frames)
    seconds = len(samples) / RATE
    middles = (np.arange(len(speech)) + 0.5) * (seconds / len(speech))
    at = np.arange(frames) * (HOP_SAMPLES / RATE) + 0.0125
    even: Frames = np.interp(at, middles, speech).astype(np.float32)
    return even


def _normal(mel: Frames, voiced: npt.NDArray[np.bool_]) -> Frames:
    look = cepstra(mel)
    spoken = look[voiced]
    normal: Frames = (look - spoken.mean(0)) / (spoken.std(0) + 1e-6) * _WEIGHTS
    return normal


def _affine(pairs: Sequence[tuple[Frames, Frames]]) -> Frames:
    """How the guide voice must be moved to become the one heard: least squares, held towards no change."""
    said = np.concatenate([one for one, _ in pairs])
    heard = np.concatenate([other for _, other in pairs])
    inputs = np.c_[said, np.ones(len(said), np.float32)].astype(np.float64)
    hold = np.eye(inputs.shape[1]) * len(inputs) * 0.02
    moved: Frames = np.linalg.solve(
        inputs.T @ inputs + hold, inputs.T @ heard + hold[:, : heard.shape[1]]
    ).astype(np.float32)
    return moved


def _mapped(voice: Frames, frames: Frames) -> Frames:
    moved: Frames = np.c_[frames, np.ones(len(frames), np.float32)] @ voice
    return moved


def _voices(pairs: list[tuple[Frames, Frames]], good: list[bool]) -> tuple[list[Frames], list[int]]:
    """One map from the guide voice to the voice heard, or two where two people speak, and whose each pair is."""
    one = _affine([pair for pair, fits in zip(pairs, good, strict=True) if fits])

    def errors(voice: Frames) -> Frames:
        return np.array([np.mean((_mapped(voice, said) - heard) ** 2) for said, heard in pairs])

    alone = errors(_affine(pairs))
    first = errors(one)
    second = first > np.percentile(first, 60)
    for _ in range(6):
        groups = [
            [pair for pair, other in zip(pairs, second, strict=True) if bool(other) is which]
            for which in (False, True)
        ]
        if min(map(len, groups)) < _FEWEST_OF_A_VOICE:
            return [one], [0] * len(pairs)
        voices = [_affine(group) for group in groups]
        apart = np.stack([errors(voice) for voice in voices])
        second = apart[1] < apart[0]
    gain = 1 - float(apart.min(axis=0).mean() / alone.mean())
    if gain < _TWO_VOICES_GAIN:
        return [one], [0] * len(pairs)
    return voices, [int(other) for other in second]
