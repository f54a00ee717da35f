"""Films as cameras, phones and archives make them, small, with a flash and a click at one moment.

The picture turns from dark to light grey on one frame and a click is heard with it, so that in whatever is
made of the film the flash must be on its frame, the click with the flash, and white letters on the frames
of their cues. `bench/matrix.py` tries every kind with every recipe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.stream
import numpy as np

from tests.render.reels import STAMP, ffmpeg
from workflow.errors import TerjimeError
from workflow.media.ingest import Ingested, ingest
from workflow.render.engine import render
from workflow.render.recipe import REVIEW_240, SOFT_MKV, SOFT_MP4, Recipe, Second, Style
from workflow.render.segments import FolderSegments
from workflow.render.sound import Dub
from workflow.timebase import FLICKS_PER_SECOND
from workflow.tracks.cues import Cue

FRAMES, FLASH = 60, 26
CUES = ((5, 11), (33, 45))
SIZE = "192x108"

_BURNED = Recipe(preset="ultrafast", crf=14, style=Style(size=150))
RECIPES: dict[str, Recipe] = {
    "burned": _BURNED,
    "hevc": replace(
        _BURNED, codec="hevc", crf=4
    ),  # at more, x265 lets a ghost of the letters in early
    "av1": replace(_BURNED, codec="av1"),
    "two languages": replace(_BURNED, second=Second("ru")),
    "soft-mp4": replace(SOFT_MP4, second=Second("ru")),
    "soft-mkv": replace(SOFT_MKV, second=Second("ru")),
    "review": replace(REVIEW_240, preset="ultrafast", crf=14, style=Style(size=150)),
    "dubbed": replace(_BURNED, sounds="both"),
    "dubbed soft": replace(SOFT_MP4, sounds="both"),
}

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "10", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "128k")
RUSSIAN = ("-metadata:s:a:0", "language=rus")


def source(
    rate: str = "25", more: str = "", hertz: int = 1000, channels: str = "mono"
) -> tuple[str, ...]:
    """Inputs: picture 0 and sound 1."""
    at = FLASH / Fraction(rate)
    flash = f"drawbox=c=0xA0A0A0:t=fill:enable='gte(n,{FLASH})*lt(n,{FLASH + 12})'"
    sound = f"if(between(t,{float(at):.9f},{float(at) + 0.03:.9f}),0.8*sin({hertz}*2*PI*(t-{float(at):.9f})),0)"
    length = f"{float(FRAMES / Fraction(rate)):.6f}"
    exprs = "|".join([sound] * (6 if channels == "5.1" else 1))
    return (
        *(
            "-f",
            "lavfi",
            "-i",
            f"color=0x303030:s={SIZE}:r={rate},trim=end_frame={FRAMES},{flash}{more}",
        ),
        *("-f", "lavfi", "-i", f"aevalsrc=exprs='{exprs}':s=48000:d={length}:c={channels}"),
    )


def _plain(rate: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        out = folder / "film.mp4"
        ffmpeg(*source(rate), *H264, "-g", "50", *AAC, *RUSSIAN, out)
        return out

    return make


def _made(suffix: str, *options: str, **how: Any) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        out = folder / f"film.{suffix}"
        ffmpeg(*source(**how), *options, *RUSSIAN, out)
        return out

    return make


def _edit_list(folder: Path) -> Path:
    whole, out = folder / "whole.mp4", folder / "film.mp4"
    ffmpeg(*source(), *H264, "-g", "10", "-bf", "2", *AAC, *RUSSIAN, whole)
    # Copying from between two key frames leaves what comes before to an edit list.
    ffmpeg("-ss", "0.52", "-i", whole, "-c", "copy", out)
    return out


def _rotated(folder: Path) -> Path:
    whole, out = folder / "whole.mp4", folder / "film.mp4"
    ffmpeg(*source(), *H264, *AAC, *RUSSIAN, whole)
    ffmpeg("-display_rotation", "90", "-i", whole, "-c", "copy", out)
    return out


def _several_sounds(folder: Path) -> Path:
    out = folder / "film.mkv"
    ffmpeg(
        *(*source(), "-f", "lavfi", "-i", "sine=f=200:r=48000:d=2.4"),
        *("-map", "0", "-map", "1", "-map", "2", *H264, *AAC, *RUSSIAN),
        *("-metadata:s:a:1", "language=eng", "-disposition:a:0", "default", out),
    )
    return out


def _silent(folder: Path) -> Path:
    out = folder / "film.mp4"
    ffmpeg(*source(), "-map", "0:v", *H264, out)
    return out


_HDR = "hdr10-opt=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=none"
KINDS: dict[str, Callable[[Path], Path]] = {
    **{rate: _plain(rate) for rate in ("24000/1001", "24", "25", "30000/1001", "30", "50")},
    "60000/1001": _plain("60000/1001"),
    "variable rate": _made(
        *("mp4", *H264, "-fps_mode", "vfr", *AAC),
        more=",select='not(eq(mod(n\\,3)\\,1))+gte(n\\,20)'",
    ),
    "start offset": _made("ts", *H264, "-g", "25", "-output_ts_offset", "7.5", *AAC),
    "edit list": _edit_list,
    "open GOP": _made("mkv", *H264, "-bf", "3", "-x264-params", "open-gop=1:keyint=20", *AAC),
    "HEVC": _made(
        "mp4", "-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1", *AAC
    ),
    "AV1": _made(
        "mkv", "-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p", "-c:a", "libopus"
    ),
    "ProRes": _made("mov", "-c:v", "prores_ks", "-pix_fmt", "yuv422p10le", "-c:a", "pcm_s24le"),
    "10 bit": _made("mkv", *H264[:-1], "yuv420p10le", "-profile:v", "high10", "-c:a", "flac"),
    "HDR": _made(
        *("mp4", "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", _HDR),
        *("-tag:v", "hvc1", *AAC),
    ),
    "rotated": _rotated,
    "anamorphic": _made("mp4", *H264, *AAC, more=",setsar=4/3"),
    "interlaced": _made(
        *("ts", "-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme"),
        *("-c:a", "mp2"),
        more=",setfield=tff",
    ),
    "5.1": _made("mp4", *H264, *AAC, channels="5.1"),
    "several sounds": _several_sounds,
    "no sound": _silent,
}


@dataclass(frozen=True)
class Taken:
    """A film that was taken in."""

    kind: str
    original: Path
    made: Ingested

    def file(self, role: str) -> Path | None:
        return self.made.files.get(role)


def take_in(kind: str, folder: Path) -> Taken:
    original = KINDS[kind](folder)
    (folder / "made").mkdir()
    return Taken(kind, original, ingest(original, folder / "made", name=original.name))


def make_dub(folder: Path, rate: Fraction, frame: int) -> Dub:
    """A mix whose click is higher, at *frame*."""
    at = float(frame / rate)
    click = f"if(between(t,{at:.9f},{at + 0.03:.9f}),0.8*sin(2500*2*PI*(t-{at:.9f})),0)"
    path = folder / "dub.flac"
    if not path.exists():
        ffmpeg("-f", "lavfi", "-i", f"aevalsrc='{click}':s=48000:d=2", path)
    return Dub(path)


def check(taken: Taken, name: str, store: FolderSegments, folder: Path) -> str:
    """Render *taken* by the recipe *name* and look at what came out; AssertionError where it is wrong.

    Returns "" or the code of a refusal that is right: a picture that MP4 cannot hold.
    """
    recipe, film = RECIPES[name], taken.made.film
    mezzanine = taken.file("mezzanine")
    assert mezzanine is not None
    flash = _first_light(_medians(mezzanine)[1])
    cues = [_cue(film.grid.time_of, span, "Oo") for span in CUES]
    second = [_cue(film.grid.time_of, (36, 40), "Да")] if recipe.second else None
    dub = make_dub(folder, film.rate, flash) if recipe.sounds != "original" else None
    out = folder / f"{name.replace(' ', '-')}{'.mkv' if recipe.form == 'soft-mkv' else '.mp4'}"
    try:
        report = render(
            film,
            mezzanine,
            taken.original,
            taken.file("sound"),
            cues,
            recipe,
            out,
            segments=store,
            second=second,
            dub=dub,
            stamp=STAMP if recipe.form == "review" else None,
            tags={"title": "Synag", "comment": "terjime"},
        )
    except TerjimeError as error:
        if error.code == "CONTAINER" and recipe.form == "soft-mp4":
            return error.code
        raise
    times, levels, letters = _medians(out)
    lit = times[_first_light(levels)]
    # The flash says where the film begins: a soft MKV may show frames before it that an edit list hid.
    uneven = 1 / (2 * film.rate) if taken.kind == "variable rate" else Fraction(0)
    zero = lit - flash / film.rate
    _check_streams(out, recipe, film, zero, uneven, has_dub=dub is not None)
    if not recipe.is_soft:
        assert report.frames == film.frames
        assert times == [number / film.rate for number in range(film.frames)]
        assert _first_light(levels) == flash
        shown = [number for number, bright in enumerate(letters) if bright > 215]
        assert shown == [n for first, end in CUES for n in range(first, min(end, film.frames))]
    for number, hertz in enumerate([2500, 1000] if dub else [1000]):
        if hertz == 1000 and not film.has_sound:
            continue
        late = _click(out, number) - lit
        # The sound is where it was; of a picture with an uneven clock each frame is at the nearest of an even one.
        assert abs(late) <= Fraction(5, 1000) + uneven, (
            f"sound {number} is {float(late) * 1000:.1f} ms late"
        )
    return ""


def _check_streams(
    out: Path, recipe: Recipe, film: Any, zero: Fraction, uneven: Fraction, *, has_dub: bool
) -> None:
    with _opened(out) as media:
        assert media.metadata["title" if "title" in media.metadata else "TITLE"] == "Synag"
        assert "terjime" in {media.metadata.get("comment"), media.metadata.get("COMMENT")}
        sounds = [stream.metadata.get("language") for stream in media.streams.audio]
        wanted = (["tuk"] if has_dub else []) + (["rus"] if film.has_sound else [])
        assert sounds[: len(wanted)] == wanted
        default = [av.stream.Disposition.default in s.disposition for s in media.streams.audio]
        assert not default or default[0]
        texts = [stream.metadata.get("language") for stream in media.streams.subtitles]
        languages = ["tuk", "rus"] if recipe.second else ["tuk"]
        assert texts == (languages if recipe.is_soft else [])
        if recipe.is_soft:
            empty = 0 if recipe.form == "soft-mkv" else 2
            packets = media.demux(subtitles=0)
            found = [p.pts * p.time_base - zero for p in packets if p.size > empty]
            starts = [Fraction(film.grid.time_of(first), FLICKS_PER_SECOND) for first, _ in CUES]
            assert all(
                abs(a - b) <= Fraction(1, 500) + uneven for a, b in zip(found, starts, strict=True)
            ), (found, starts)
        else:
            context = media.streams.video[0].codec_context
            tags = {"h264": "avc1", "hevc": "hvc1", "av1": "av01"}
            assert context.codec_tag == tags[recipe.codec]


def _opened(path: Path) -> Any:
    return av.open(str(path))


def _cue(time_of: Callable[[int], int], span: tuple[int, int], text: str) -> Cue:
    return Cue(f"u{span[0]}{text}", time_of(span[0]), time_of(span[1]), text)


def _medians(path: Path) -> tuple[list[Fraction], list[float], list[int]]:
    """Of each frame: its time, its middle level, and the brightest of its lower half."""
    times, levels, letters = [], [], []
    with _opened(path) as media:
        stream = media.streams.video[0]
        for frame in media.decode(stream):
            luma = frame.reformat(format="gray").to_ndarray()
            times.append(frame.pts * stream.time_base)
            levels.append(float(np.median(luma)))
            letters.append(int(luma[luma.shape[0] // 2 :].max()))
    return times, levels, letters


def _first_light(levels: list[float]) -> int:
    middle = (min(levels) + max(levels)) / 2
    assert max(levels) - min(levels) > 30, "there is no flash"
    return next(number for number, level in enumerate(levels) if level > middle)


def _click(path: Path, number: int) -> Fraction:
    """When the click of a sound begins, on the file's own clock as a player keeps it."""
    with _opened(path) as media:
        stream = media.streams.audio[number]
        resampler = av.AudioResampler(format="fltp", layout="mono")
        parts, start = [], None
        for frame in media.decode(stream):
            if start is None:
                start = frame.pts * frame.time_base
            parts += [f.to_ndarray()[0] for f in resampler.resample(frame)]
        assert start is not None
        heard = np.abs(np.concatenate(parts))
        first = int(np.argmax(heard > heard.max() / 2))
        return Fraction(start) + Fraction(first, stream.rate)
