"""Kinds of source by recipes: frames, time stamps, sound sync, languages, tags. `bench/matrix.py` tries them all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.render.kinds import KINDS, RECIPES, check, take_in
from workflow.render.segments import FolderSegments

#: Each kind with one recipe or two, each recipe with several kinds.
PAIRS = {
    "24000/1001": ("burned", "soft-mkv"),
    "24": ("dubbed",),
    "25": ("two languages",),
    "30000/1001": ("review", "dubbed soft"),
    "30": ("av1",),
    "50": ("soft-mp4",),
    "60000/1001": ("hevc",),
    "variable rate": ("burned", "soft-mp4"),
    "start offset": ("dubbed", "soft-mkv"),
    "edit list": ("burned", "soft-mp4"),
    "open GOP": ("review", "dubbed soft"),
    "HEVC": ("soft-mp4", "burned"),
    "AV1": ("soft-mkv", "dubbed"),
    "ProRes": ("soft-mkv", "hevc"),
    "10 bit": ("two languages",),
    "HDR": ("burned",),
    "rotated": ("review",),
    "anamorphic": ("av1",),
    "interlaced": ("burned", "soft-mkv"),
    "5.1": ("burned", "review"),
    "several sounds": ("dubbed", "soft-mkv"),
    "no sound": ("dubbed", "review"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_made_of_every_kind_of_film_is_exact(
    kind: str, store: FolderSegments, tmp_path: Path
) -> None:
    taken = take_in(kind, tmp_path)
    for recipe in PAIRS[kind]:
        assert check(taken, recipe, store, tmp_path) == ""


def test_every_recipe_is_tried_with_several_kinds() -> None:
    for recipe in RECIPES:
        assert sum(recipe in recipes for recipes in PAIRS.values()) >= 2
