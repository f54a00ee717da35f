"""The guide voice, from several threads and for texts that are no words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from workflow.dub.voice import speak
from workflow.errors import BadInput


def test_the_guide_voice_speaks_turkmen_with_marks_of_words_and_sounds() -> None:
    spoken = speak("Adam söwdasy ynsan hukuklarynyň agyr bozulmasydyr.")
    assert 2 < len(spoken.samples) / spoken.rate < 5
    assert sum(mark.kind == "word" for mark in spoken.marks) == 6
    assert sum(mark.kind == "phoneme" for mark in spoken.marks) > 30
    assert len(spoken.trimmed()) < len(spoken.samples)


def test_threads_that_speak_at_once_get_their_own_words() -> None:
    texts = ["bir", "bir iki üç dört bäş", "bir iki üç dört bäş alty ýedi sekiz dokuz on"]
    alone = [len(speak(text).samples) for text in texts]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda n: len(speak(texts[n % 3]).samples), range(12)))
    for n, length in enumerate(together):
        assert length == pytest.approx(alone[n % 3], rel=0.02)


def test_another_language_does_not_stay_for_the_next_line() -> None:
    before = len(speak("Sagbol").samples)
    speak("Goodbye", "en-GB")
    assert len(speak("Sagbol").samples) == pytest.approx(before, rel=0.02)


def test_a_region_falls_back_to_its_language_and_an_unknown_language_is_refused() -> None:
    assert len(speak("Sagbol", "tk-TM").samples) > 1000
    with pytest.raises(BadInput) as refused:
        speak("x", "zz")
    assert refused.value.code == "VOICE_UNKNOWN"


@pytest.mark.parametrize("text", ["", "…", "\0", "♪", "<speak>", "[[h@l'oU]]"])
def test_texts_that_are_no_words_give_sound_or_silence(text: str) -> None:
    spoken = speak(text)
    assert np.isfinite(spoken.samples).all()
    assert len(spoken.trimmed()) > 0
