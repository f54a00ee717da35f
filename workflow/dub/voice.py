"""The guide voice: espeak-ng, which speaks Turkmen and some hundred other languages.

Its library keeps everything in globals, so one lock guards it and a process speaks one line at a time;
a line of three seconds takes about 20 ms. What it says is a guide for the ear and a template for
finding lines in a recording, never a finished dub.
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from workflow.errors import BadInput, ToolFailed, ToolMissing
from workflow.timebase import FLICKS_PER_MS, Flicks

Samples = npt.NDArray[np.float32]

WORDS_PER_MINUTE = 165
_SLOWEST, _FASTEST = 80, 450

# speak_lib.h of espeak-ng 1.52
_SYNCHRONOUS_NO_PLAYBACK = 2
_PHONEME_EVENTS, _DO_NOT_EXIT = 0x0001, 0x8000
_EVENT_END_OF_LIST, _EVENT_WORD, _EVENT_PHONEME = 0, 1, 7
_RATE = 1
_BY_CHARACTER, _UTF8 = 1, 1
_SILENCE = 0.01  # of full scale


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a sound or a word begins in what was said.

    kind   "word" or "phoneme"
    name   of a phoneme, in espeak's own spelling; of a word, its place among the characters
    """

    time: Flicks
    kind: str
    name: str


@dataclass(frozen=True, eq=False)
class Spoken:
    """One line as the guide voice says it: mono float32 from -1 to 1."""

    samples: Samples
    rate: int
    marks: tuple[Mark, ...]

    def trimmed(self) -> Samples:
        """Without the silence before and after; a tenth of a second if there is nothing else."""
        heard = np.flatnonzero(np.abs(self.samples) > _SILENCE)
        if not len(heard):
            return np.zeros(self.rate // 10, np.float32)
        return self.samples[heard[0] : heard[-1] + 1]


def speak(text: str, language: str = "tk", *, words_per_minute: int = WORDS_PER_MINUTE) -> Spoken:
    """*text* said by espeak-ng's voice of *language*.

    Twice the same text differs by a sample or two here and there: the library carries the phase of its
    wave from one line into the next.

    language  BCP 47; a region that espeak does not know falls back to the language

    Raises BadInput VOICE_UNKNOWN, ToolMissing ESPEAK_MISSING, ToolFailed ESPEAK_FAILED.
    """
    return _engine().speak(text, language, min(max(words_per_minute, _SLOWEST), _FASTEST))


@lru_cache(maxsize=1)
def _engine() -> _Engine:
    return _Engine()


class _Engine:
    """The library, opened once in a process."""

    def __init__(self) -> None:
        try:
            import espeakng_loader  # type: ignore[import-untyped]  # noqa: PLC0415  an operator may have left the wheel out

            self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
            data = str(espeakng_loader.get_data_path()).encode()
        except (ImportError, OSError) as error:
            raise ToolMissing(
                "ESPEAK_MISSING",
                "The speech synthesiser espeak-ng is not installed.",
                advice="Install the espeakng-loader package.",
            ) from error
        self._lock = threading.Lock()
        self._chunks: list[Samples] = []
        self._marks: list[tuple[int, str, str]] = []
        self._callback = _Callback(self._hear)  # kept: the library holds only its address
        self.rate: int = self._library.espeak_Initialize(
            _SYNCHRONOUS_NO_PLAYBACK, 0, data, _PHONEME_EVENTS | _DO_NOT_EXIT
        )
        if self.rate <= 0:
            raise ToolMissing(
                "ESPEAK_MISSING",
                "espeak-ng's voice data cannot be read.",
                advice="Install the espeakng-loader package again.",
            )
        self._library.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, language: str, words_per_minute: int) -> Spoken:
        words = text.replace("\0", " ").encode()
        with self._lock:
            self._choose(language)
            self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
            self._library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # its breath is noise
            self._chunks, self._marks = [], []
            status = self._library.espeak_Synth(
                ctypes.c_char_p(words),
                ctypes.c_size_t(len(words) + 1),
                0,
                _BY_CHARACTER,
                0,
                _UTF8,
                None,
                None,
            )
            self._library.espeak_Synchronize()
            chunks, marks = self._chunks, self._marks
        if status != 0:
            raise ToolFailed(
                "ESPEAK_FAILED",
                "The guide voice could not say a line.",
                details={"status": status, "text": text[:100]},
            )
        samples = np.concatenate(chunks) if chunks else np.zeros(0, np.float32)
        return Spoken(
            samples,
            self.rate,
            tuple(Mark(ms * FLICKS_PER_MS, kind, name) for ms, kind, name in marks),
        )

    def _choose(self, language: str) -> None:
        """Every time anew: another thread may have spoken another language."""
        names = [language.lower(), language.split("-", maxsplit=1)[0].lower()]
        if not any(self._library.espeak_SetVoiceByName(name.encode()) == 0 for name in names):
            raise BadInput(
                "VOICE_UNKNOWN",
                f"There is no guide voice for the language “{language}”.",
                advice="Name a language that espeak-ng speaks, such as tk, ru, en or de.",
            )

    def _hear(self, wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            heard = np.ctypeslib.as_array(wave, (count,))
            self._chunks.append(heard.astype(np.float32) / np.float32(32768))
        place = 0
        while (event := events[place]).type != _EVENT_END_OF_LIST:
            if event.type == _EVENT_PHONEME:
                name = event.id.string.decode("utf-8", "replace")
                self._marks.append((event.audio_position, "phoneme", name))
            elif event.type == _EVENT_WORD:
                self._marks.append((event.audio_position, "word", str(event.text_position)))
            place += 1
        return 0
