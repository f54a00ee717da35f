"""Recipes: every setting of a render, as a value with a hash. docs/guide/rendering.md shows them to people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from workflow.errors import BadInput
from workflow.tracks.cues import canonical, sha256

FORMS = ("burned", "soft-mp4", "soft-mkv", "review")
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow")
CODECS = ("h264", "hevc", "av1")
SOUNDS = ("original", "dub", "both")
PLACES = ("other-edge", "under")
MAX_WATERMARK = 80  # characters
MODES = ("voice-over", "full")
MANNERS = ("un", "lector", "tight")
LOUDNESSES = ("ebu-r128", "streaming", "netflix")


@dataclass(frozen=True, slots=True)
class Style:
    """How cues look. Sizes are in thousandths of the picture's shorter side, so a recipe fits any film.

    size      of the letters (line height)
    outline   its thickness; around the box if there is one
    box       a half-transparent box behind the text instead of an outline
    position  numpad place 1-9 of cues that say none themselves
    margin    from the lower or upper edge; sides get as much again
    safe      thousandths of width and height at each edge that text keeps out of, whatever the margin;
              EBU R 95: 50 is the graphics-safe area
    """

    size: int = 62
    outline: int = 4
    box: bool = False
    position: int = 2
    margin: int = 50
    safe: int = 0


@dataclass(frozen=True, slots=True)
class Second:
    """A second track on the same film: another language, drawn smaller, or a stream of its own.

    language  BCP 47: "ru"; "" is whatever the second track is in
    place     other-edge: at the top if the first is at the bottom; under: below the first, which is kept
              two rows higher
    size      hundredths of the first one's letters
    """

    language: str = ""
    place: str = "other-edge"
    size: int = 80


@dataclass(frozen=True, slots=True)
class MixSettings:
    """How a dub is mixed; docs/guide/dubbing.md has the numbers behind the words.

    mode      voice-over: the original stays, lowered; full: on the stem alone
    style     of a voice-over
    stem      SHA-256 of the M&E; "" is none
    """

    mode: str = "voice-over"
    style: str = "un"
    loudness: str = "ebu-r128"
    stem: str = ""

    @classmethod
    def from_json(cls, body: Any) -> MixSettings:
        """Raises BadInput RECIPE, naming the setting."""
        mix = cls(**_known(body, cls, "mix"))
        _one_of(mix.mode, MODES, "mix.mode")
        _one_of(mix.style, MANNERS, "mix.style")
        _one_of(mix.loudness, LOUDNESSES, "mix.loudness")
        named = isinstance(mix.stem, str) and re.fullmatch("|[0-9a-f]{64}", mix.stem)
        _require(bool(named), "mix.stem", "the SHA-256 of a stem")
        return mix

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a track is brought onto a film.

    form        burned: cues in the picture; soft-mp4, soft-mkv: picture and sound copied, cues as a
                stream; review: burned, with stamp and timecode
    height      lines of the picture; None keeps the film's; never enlarged
    crf         quality on x264's scale, lower is better; the other codecs get what looks about the same
    preset      the encoder's effort, in x264's words
    sound_kbps  of AAC, where the film's own sound cannot be copied
    codec       of the picture where it is encoded
    sounds      original; dub: the mix alone; both: the mix first and by default, the original second
    sound       which of the film's sounds is the original, from 0; None: the one that ingest chose
    second      a second track; None: there is none
    watermark   half-transparent across every picture: the viewer's name, the project
    numbers     each cue's number above the lower left corner; only in review builds
    mix         how the dub that is heard is mixed, where the house makes it
    """

    form: str = "burned"
    height: int | None = None
    crf: int = 20
    preset: str = "fast"
    sound_kbps: int = 192
    style: Style = field(default_factory=Style)
    codec: str = "h264"
    sounds: str = "original"
    sound: int | None = None
    second: Second | None = None
    watermark: str = ""
    numbers: bool = False
    mix: MixSettings | None = None

    @property
    def is_soft(self) -> bool:
        return self.form.startswith("soft")

    @property
    def hash(self) -> str:
        """SHA-256; names the recipe in verdicts and manifests."""
        return sha256(canonical(["recipe/1", self.to_json()]))

    def to_json(self) -> dict[str, Any]:
        """Settings that have their usual value and are newer than the first recipes are left out: a recipe
        that was stored or hashed before them is still itself."""
        usual = _usual()
        body = asdict(self)
        if not self.style.safe:
            del body["style"]["safe"]
        return {k: v for k, v in body.items() if k in _FIRST or v != usual[k]}

    @classmethod
    def from_json(cls, body: Any) -> Recipe:
        """A recipe as someone wrote it; settings that are not named keep their usual value.

        "like": "projector" takes what is not named from that one of `NAMED`.

        Raises BadInput RECIPE, naming the setting.
        """
        if isinstance(body, dict) and "like" in body:
            return named(body["like"]).changed({k: v for k, v in body.items() if k != "like"})
        return cls().changed(body)

    def changed(self, body: Any) -> Recipe:
        """This recipe with other settings. Raises BadInput RECIPE, naming the setting."""
        values = _known(body, Recipe, "the recipe")
        if "style" in values:
            style = replace(self.style, **_known(values["style"], Style, "style"))
            values["style"] = style
            _require(isinstance(style.box, bool), "style.box", "true or false")
            for name, least, most in _STYLE_RANGES:
                _within(getattr(style, name), least, most, f"style.{name}")
        if values.get("second") is not None:
            second = replace(self.second or Second(), **_known(values["second"], Second, "second"))
            values["second"] = second
            _one_of(second.place, PLACES, "second.place")
            _within(second.size, 40, 120, "second.size")
            tag = isinstance(second.language, str) and _LANGUAGE.fullmatch(second.language)
            _require(bool(tag), "second.language", "a language tag like ru or tk-Latn")
        if values.get("mix") is not None:
            values["mix"] = MixSettings.from_json(values["mix"])
        recipe = replace(self, **values)
        _one_of(recipe.form, FORMS, "form")
        _one_of(recipe.preset, PRESETS, "preset")
        _one_of(recipe.codec, CODECS, "codec")
        _one_of(recipe.sounds, SOUNDS, "sounds")
        if recipe.height is not None:
            _within(recipe.height, 120, 2304, "height")
            _require(recipe.height % 2 == 0, "height", "an even number")
        _within(recipe.crf, 0, 40, "crf")
        _within(recipe.sound_kbps, 32, 512, "sound_kbps")
        if recipe.sound is not None:
            _within(recipe.sound, 0, 63, "sound")
        mark = recipe.watermark
        fits = isinstance(mark, str) and len(mark) <= MAX_WATERMARK and mark.isprintable()
        _require(fits, "watermark", f"at most {MAX_WATERMARK} characters in one line")
        _require(isinstance(recipe.numbers, bool), "numbers", "true or false")
        _require(not recipe.numbers or recipe.form == "review", "numbers", "false but in a review")
        _require(not mark or not recipe.is_soft, "watermark", "empty where no picture is drawn")
        return recipe


FINAL = Recipe()
REVIEW = Recipe(form="review", height=480, crf=27, preset="veryfast", sound_kbps=96)
REVIEW_240 = Recipe(form="review", height=240, crf=30, preset="veryfast", sound_kbps=48)
SOFT_MP4 = Recipe(form="soft-mp4")
SOFT_MKV = Recipe(form="soft-mkv")

#: Recipes by what they are for; the guide says why each has its settings.
NAMED: Mapping[str, Recipe] = {
    "web": Recipe(height=1080, crf=22, preset="medium", sound_kbps=160),
    "projector": Recipe(height=1080, crf=18, style=Style(size=74, outline=12, box=True, margin=60)),
    "phone": Recipe(height=480, crf=24, sound_kbps=96, style=Style(size=88, outline=6, margin=40)),
    "broadcast": Recipe(crf=12, preset="medium", sound_kbps=320, style=Style(safe=50)),
    "review": REVIEW,
    "review-240": REVIEW_240,
    "soft-mp4": SOFT_MP4,
    "soft-mkv": SOFT_MKV,
    "dubbed": Recipe(form="soft-mp4", sounds="both", sound_kbps=256),
}

_FIRST = frozenset({"form", "height", "crf", "preset", "sound_kbps", "style"})
_LANGUAGE = re.compile(r"|[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_STYLE_RANGES = (
    ("size", 20, 200),
    ("outline", 0, 20),
    ("position", 1, 9),
    ("margin", 0, 300),
    ("safe", 0, 200),
)


def named(name: Any) -> Recipe:
    """One of `NAMED`. Raises BadInput RECIPE."""
    _one_of(name, tuple(NAMED), "like")
    return NAMED[name]


def _usual() -> dict[str, Any]:
    return asdict(Recipe())


def _known(
    body: Any, kind: type[Recipe | Style | Second | MixSettings], what: str
) -> dict[str, Any]:
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


def _one_of(value: Any, allowed: tuple[str, ...], where: str) -> None:
    _require(isinstance(value, str) and value in allowed, where, " or ".join(allowed))


def _require(holds: bool, where: str, expected: str) -> None:
    if not holds:
        raise BadInput("RECIPE", f"The recipe's {where} must be {expected}.", where=where)
