"""Models of the operator's own: a voice, a recogniser, a translator, a separator, each run as a program of its own.

A model is a folder `<models>/<kind>/<name>/` with `model.json`: name, version, licence, source, languages,
program (a file of the folder) and sha256 (of every file that is run or read, by its name). Nothing is
downloaded. The program is called with the path of a request and the folder to answer into; it gets limits,
no secrets, and its files are checked against their hashes every time.

    kind        request                                    answer.json and files beside it
    tts         text, language, words_per_minute           sound.wav
    asr         sound (a path), language                   {"text": …}
    mt          texts, source, target                      {"texts": […]}
    separation  sound (a path)                             voice.wav, rest.wav

A licence that forbids commercial use needs a person's tick, which is recorded with name and time and ends
when version or licence change. What a separation gives is a separated bed, never an M&E stem.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args

from workflow.dub.sound import RATE, Recording, Samples, read_recording, write_wav
from workflow.errors import BadInput, NotAllowed, NotFound, TerjimeError, ToolFailed
from workflow.media.process import GIB, Limits, run_confined

Kind = Literal["tts", "asr", "mt", "separation"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LIMITS = Limits(memory_bytes=8 * GIB, cpu_seconds=3600, file_bytes=4 * GIB)
STALL_SECONDS = 600.0
_TICKS = "ticks.jsonl"
_NON_COMMERCIAL = re.compile(r"\bnc\b|non-?\s?commercial|\bresearch\b|scientific", re.IGNORECASE)
_MOST_ANSWERED = 16 << 20  # bytes of JSON


@dataclass(frozen=True, slots=True)
class Model:
    """One model as its folder describes it. sha256: (file, hash) of what is checked before every run."""

    kind: Kind
    name: str
    version: str
    licence: str
    source: str
    languages: tuple[str, ...]
    program: str
    sha256: tuple[tuple[str, str], ...]
    folder: Path

    @property
    def non_commercial(self) -> bool:
        return bool(_NON_COMMERCIAL.search(self.licence.replace("_", "-")))

    @property
    def credit(self) -> dict[str, str]:
        """What a project's log and its delivery report say of it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "version": self.version,
            "licence": self.licence,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Tick:
    """A person's word that a non-commercial licence allows this use."""

    kind: str
    name: str
    version: str
    licence: str
    by: str
    at: str


def models_in(folder: Path) -> tuple[list[Model], list[TerjimeError]]:
    """Every model of *folder*, and what is wrong with those that cannot be used."""
    good: list[Model] = []
    bad: list[TerjimeError] = []
    for kind in KINDS:
        for described in sorted((folder / kind).glob("*/model.json")):
            try:
                good.append(_model(kind, described))
            except TerjimeError as error:
                bad.append(error)
    return good, bad


def find_model(folder: Path, kind: Kind, name: str) -> Model:
    """Raises NotFound MODEL_UNKNOWN, BadInput MODEL_BROKEN."""
    for described in sorted((folder / kind).glob("*/model.json")):
        if described.parent.name == name:
            return _model(kind, described)
    raise NotFound(
        "MODEL_UNKNOWN",
        f"There is no {kind} model called “{name}”.",
        advice="`terjime dub plugins` lists those that are there.",
    )


def _model(kind: Kind, described: Path) -> Model:
    where = f"{kind}/{described.parent.name}/model.json"
    try:
        body = json.loads(described.read_text("utf-8"))
        words = {key: body[key] for key in ("name", "version", "licence", "source", "program")}
        languages, sums = tuple(body["languages"]), tuple(sorted(body["sha256"].items()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _broken(where, f"it lacks or misspells {error}") from error
    if not all(isinstance(value, str) and value.strip() for value in words.values()):
        raise _broken(where, "name, version, licence, source and program must be words")
    if not all(isinstance(value, str) for value in (*languages, *sum(sums, ()))):
        raise _broken(where, "languages and sha256 must be words")
    if words["program"] not in dict(sums):
        raise _broken(where, "the program's sha256 is not given")
    if any(Path(file).is_absolute() or ".." in Path(file).parts for file, _ in sums):
        raise _broken(where, "a file lies outside the model's folder")
    return Model(
        kind, languages=languages, sha256=sums, folder=described.parent.absolute(), **words
    )


def _broken(where: str, why: str) -> BadInput:
    return BadInput(
        "MODEL_BROKEN",
        f"This model cannot be used: {why}.",
        where=where,
        advice="Mend model.json, or copy the model's files again.",
    )


def ticks_in(folder: Path) -> list[Tick]:
    """Every tick that was ever given, oldest first."""
    file = folder / _TICKS
    if not file.exists():
        return []
    return [Tick(**json.loads(line)) for line in file.read_text("utf-8").splitlines()]


def tick_licence(folder: Path, model: Model, by: str) -> Tick:
    """Record that *by* says the licence of *model* allows the use it is put to."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    tick = Tick(model.kind, model.name, model.version, model.licence, by, at)
    with (folder / _TICKS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(tick), ensure_ascii=False) + "\n")
    return tick


class Plugin:
    """One model at work. Every call may raise NotAllowed LICENCE_NOT_TICKED, BadInput MODEL_BROKEN,
    ToolFailed MODEL_FAILED or STALLED."""

    def __init__(self, folder: Path, model: Model, *, limits: Limits = LIMITS) -> None:
        self.model = model
        self._folder, self._limits = folder, limits

    @property
    def tick(self) -> Tick | None:
        """The word that lets a non-commercial model be used; None where nobody gave it."""
        mine = (self.model.kind, self.model.name, self.model.version, self.model.licence)
        for tick in reversed(ticks_in(self._folder)):
            if (tick.kind, tick.name, tick.version, tick.licence) == mine:
                return tick
        return None

    def say(self, text: str, language: str, *, words_per_minute: int = 165) -> Recording:
        """*text* spoken: mono at 48 kHz."""
        with tempfile.TemporaryDirectory() as work:
            request = {"text": text, "language": language, "words_per_minute": words_per_minute}
            self._run("tts", request, Path(work))
            return self._sound(Path(work) / "sound.wav")

    def hear(self, sound: Samples, language: str) -> str:
        """What is said in *sound*, mono at 48 kHz."""
        with tempfile.TemporaryDirectory() as work:
            heard = Path(work) / "heard.wav"
            write_wav(heard, sound)
            answer = self._run("asr", {"sound": str(heard), "language": language}, Path(work))
        return self._words([answer.get("text")], 1)[0]

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """A machine's draft of *texts*, one for one."""
        with tempfile.TemporaryDirectory() as work:
            request = {"texts": list(texts), "source": source, "target": target}
            answer = self._run("mt", request, Path(work))
        return self._words(answer.get("texts"), len(texts))

    def split(self, sound: Path, out: Path) -> tuple[Path, Path]:
        """voice.wav and rest.wav in the folder *out*, each as long as *sound*."""
        self._run("separation", {"sound": str(sound.absolute())}, out)
        for part in ("voice.wav", "rest.wav"):
            self._sound(out / part)
        return out / "voice.wav", out / "rest.wav"

    def _run(self, kind: Kind, request: dict[str, Any], work: Path) -> dict[str, Any]:
        if kind != self.model.kind:
            raise ValueError(f"a {self.model.kind} model cannot serve as {kind}")
        if self.model.non_commercial and self.tick is None:
            raise NotAllowed(
                "LICENCE_NOT_TICKED",
                f"The licence of “{self.model.name}” ({self.model.licence}) forbids commercial use.",
                advice="Someone who may decide it must tick that this use is allowed.",
            )
        self._check_files()
        asked, answered = work / "request.json", work / "answer.json"
        asked.write_text(json.dumps(request, ensure_ascii=False), encoding="utf-8")
        program = self.model.folder / self.model.program
        start = [sys.executable, "-I"] if program.suffix == ".py" else []
        ended = run_confined(
            [*start, str(program), str(asked), str(work)],
            limits=self._limits,
            stall_seconds=STALL_SECONDS,
            hear=lambda _key, _value: None,
            look=lambda: None,
            cwd=self.model.folder,
        )
        if ended.status != 0:
            raise self._failed(f"it ended with status {ended.status}", ended.said[-2000:])
        if not answered.exists():
            return {}
        try:
            if answered.stat().st_size > _MOST_ANSWERED:
                raise ValueError("too long an answer")
            return cast("dict[str, Any]", dict(json.loads(answered.read_text("utf-8"))))
        except (ValueError, TypeError) as error:
            raise self._failed("its answer is no JSON object", str(error)) from error

    def _check_files(self) -> None:
        for file, wanted in self.model.sha256:
            try:
                with (self.model.folder / file).open("rb") as opened:
                    found = hashlib.file_digest(opened, "sha256").hexdigest()
            except OSError:
                found = ""
            if found != wanted.lower():
                where = f"{self.model.kind}/{self.model.folder.name}/{file}"
                raise _broken(where, "a file is not the one that model.json names by its sha256")

    def _sound(self, file: Path) -> Recording:
        if not file.is_file():
            raise self._failed(f"it wrote no {file.name}", "")
        return read_recording(file, rate=RATE)

    def _words(self, texts: Any, count: int) -> list[str]:
        if not (
            isinstance(texts, list)
            and len(texts) == count
            and all(isinstance(text, str) for text in texts)
        ):
            raise self._failed("its answer has not one text for each that was asked", "")
        return texts

    def _failed(self, why: str, said: str) -> ToolFailed:
        return ToolFailed(
            "MODEL_FAILED",
            f"The {self.model.kind} model “{self.model.name}” did not do its work: {why}.",
            advice="Look at what it said; it is the operator's own program.",
            details={"said": said},
        )
