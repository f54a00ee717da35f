"""Recipes: every setting of a render, as a value with a hash."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from workflow.errors import BadInput
from workflow.tracks.cues import canonical, sha256

FORMS = ("burned", "soft-mp4", "soft-mkv", "review")
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow")


@dataclass(frozen=True, slots=True)
class Style:
    """How cues look. Sizes are in thousandths of the picture's shorter side, so a recipe fits any film.

    size      of the letters (line height)
    outline   its thickness; around the box if there is one
    box       a half-transparent box behind the text instead of an outline
    position  numpad place 1-9 of cues that say none themselves
    margin    from the lower or upper edge; sides get as much again
    """

    size: int = 62
    outline: int = 4
    box: bool = False
    position: int = 2
    margin: int = 50


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a track is brought onto a film.

    form        burned: cues in the picture; soft-mp4, soft-mkv: picture and sound copied, cues as a
                stream; review: burned, with stamp and timecode
    height      lines of the picture; None keeps the film's; never enlarged
    crf         x264's quality, lower is better
    preset      x264's effort
    sound_kbps  of AAC, where the film's own sound cannot be copied
    """

    form: str = "burned"
    height: int | None = None
    crf: int = 20
    preset: str = "fast"
    sound_kbps: int = 192
    style: Style = field(default_factory=Style)

    @property
    def is_soft(self) -> bool:
        return self.form.startswith("soft")

    @property
    def hash(self) -> str:
        """SHA-256; names the recipe in verdicts and manifests."""
        return sha256(canonical(["recipe/1", self.to_json()]))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, body: Any) -> Recipe:
        """A recipe as someone wrote it; settings that are not named keep their usual value.

        Raises BadInput RECIPE, naming the setting.
        """
        values = _known(body, cls, "the recipe")
        if "style" in values:
            style = Style(**_known(values["style"], Style, "style"))
            values["style"] = style
            _require(isinstance(style.box, bool), "style.box", "true or false")
            for name, least, most in _STYLE_RANGES:
                _within(getattr(style, name), least, most, f"style.{name}")
        recipe = cls(**values)
        _require(recipe.form in FORMS, "form", " or ".join(FORMS))
        _require(recipe.preset in PRESETS, "preset", " or ".join(PRESETS))
        if recipe.height is not None:
            _within(recipe.height, 120, 2304, "height")
            _require(recipe.height % 2 == 0, "height", "an even number")
        _within(recipe.crf, 0, 40, "crf")
        _within(recipe.sound_kbps, 32, 512, "sound_kbps")
        return recipe


FINAL = Recipe()
REVIEW = Recipe(form="review", height=480, crf=27, preset="veryfast", sound_kbps=96)
REVIEW_240 = Recipe(form="review", height=240, crf=30, preset="veryfast", sound_kbps=48)
SOFT_MP4 = Recipe(form="soft-mp4")
SOFT_MKV = Recipe(form="soft-mkv")

_STYLE_RANGES = (
    ("size", 20, 200),
    ("outline", 0, 20),
    ("position", 1, 9),
    ("margin", 0, 300),
)


def _known(body: Any, kind: type[Recipe | Style], what: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise BadInput("RECIPE", f"Not a JSON object: {what}.", where=what)
    names = {known.name for known in fields(kind)}
    if unknown := sorted(map(str, set(body) - names)):
        raise BadInput(
            "RECIPE",
            f"There is no setting {unknown[0]!r} in {what}.",
            where=what,
            advice=f"It can hold {', '.join(sorted(names))}.",
        )
    return dict(body)


def _within(value: Any, least: int, most: int, where: str) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    _require(whole and least <= value <= most, where, f"a whole number from {least} to {most}")


def _require(holds: bool, where: str, expected: str) -> None:
    if not holds:
        raise BadInput("RECIPE", f"The recipe's {where} must be {expected}.", where=where)
