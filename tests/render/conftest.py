"""Films of a few seconds and a place for their segments."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from tests.render.reels import Reel
from tests.render.reels import make_reel as made_reel
from workflow.render.segments import FolderSegments

MakeReel = Callable[..., Reel]


@pytest.fixture(scope="session")
def make_reel(tmp_path_factory: pytest.TempPathFactory) -> MakeReel:
    """``make_reel(rate, frames, picture, size, sound)``, made once a session for the same arguments."""
    made: dict[tuple[object, ...], Reel] = {}

    def make(
        rate: Fraction = Fraction(24),
        frames: int = 60,
        picture: str = "color=gray",
        size: tuple[int, int] = (160, 120),
        sound: str | None = "aac",
    ) -> Reel:
        wanted = (rate, frames, picture, size, sound)
        if wanted not in made:
            made[wanted] = made_reel(tmp_path_factory.mktemp("reel"), *wanted)
        return made[wanted]

    return make


@pytest.fixture
def store(tmp_path: Path) -> FolderSegments:
    return FolderSegments(tmp_path / "segments")
