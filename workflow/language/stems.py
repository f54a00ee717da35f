"""Turkmen words by Hunspell (chunspell): which are right, and what they are forms of.

Loading takes a tenth of a second and happens at first use. Only this file knows chunspell.
"""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from importlib.resources import as_file, files
from typing import Any

from workflow.language.endings import SOFTENED, stems_of

MAX_LETTERS = 60
"""Longer words are not given to Hunspell: no Turkmen word comes near."""


@cache
def _hunspell() -> Any:
    # Loads 20 MB: only where words are checked.
    from hunspell import Hunspell  # type: ignore[import-untyped]  # noqa: PLC0415

    with as_file(files("workflow.language").joinpath("data/tk.aff")) as affixes:
        return Hunspell("tk", hunspell_data_dir=str(affixes.parent))


_lock = threading.Lock()  # Hunspell keeps state while it works


def dictionary_knows(word: str) -> bool:
    """Whether Hunspell accepts *word* as it is written."""
    with _lock:
        return bool(_hunspell().spell(word))


def dictionary_suggests(low: str) -> list[str]:
    """What Hunspell would write for a word in lower case."""
    with _lock:
        return list(_hunspell().suggest(low))


@lru_cache(maxsize=100_000)
def dictionary_stems(low: str) -> tuple[str, ...]:
    """Hunspell's stems of a word in lower case; none for one that the dictionary lacks."""
    if len(low) > MAX_LETTERS:
        return ()
    with _lock:
        return tuple(_hunspell().stem(low))


def all_stems(low: str) -> frozenset[str]:
    """What a word may be a form of in lower case, without a project's words."""
    found = {stem.lower() for stem in dictionary_stems(low)} | {low}
    if found == {low}:
        found.update(stems_of(low))
    return frozenset(found | {s[:-1] + SOFTENED[s[-1]] for s in found if s[-1:] in SOFTENED})
