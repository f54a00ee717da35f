"""The picture encoders: x264, x265 or SVT-AV1 on one thread, opened anew for every segment.

A segment's bytes depend on its own frames only: nothing of the rate control or the look-ahead of an
earlier segment is carried over, so it does not matter in which run, or on which machine, it was made.
See docs/decisions/0004-deterministic-segments.md.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
from av.codec.context import Flags

from workflow.errors import ToolFailed
from workflow.media.x264 import repeatable_instructions
from workflow.render.configuration import (
    av1_configuration,
    avc_configuration,
    hevc_configuration,
    length_prefixed,
    without_delimiter,
)
from workflow.render.recipe import PRESETS, Recipe

#: Frames that x264 and x265 look ahead by their own presets, and what they may where a picture is large:
#: each costs x264 about 2.7 bytes a pixel. At 1080p that leaves 7 (docs/decisions/0005-render-memory.md).
_LOOKAHEAD = {
    "h264": {"superfast": 0, "veryfast": 10, "faster": 20, "fast": 30, "medium": 40, "slow": 50},
    "hevc": {"superfast": 10, "veryfast": 15, "faster": 15, "fast": 15, "medium": 20, "slow": 25},
}
_LOOKAHEAD_PIXELS = 7 * 1920 * 1088
#: Above this memory is dear, and x264 makes do without B-frames as references: 22 MB less at 1080p for
#: 3.5 % more bytes.
_LARGE_PIXELS = 1280 * 720
#: By how much finer than the recipe says x264 works: it gives back what a picture loses in the mezzanine
#: and, where it is large, by the short look-ahead (0.2 to 0.4 of VMAF).
_FINER, _FINER_LARGE = 0.3, 0.5
_LEAST_LOOKAHEAD = 5  # more than the B-frames in a row that x265 wants to see

#: SVT-AV1's efforts beside x264's words. None is quicker than 8: at 10 and 12 a frame that differs wholly
#: from its neighbours came out as one of those, which no frame of a film may.
_AV1_EFFORT = dict.fromkeys(PRESETS, 8) | {"medium": 7, "slow": 6}
_ENCODERS = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"}
#: Codec → sample entry of MP4. hvc1 and not hev1: Apple's players take no other.
ENTRIES = {"h264": "avc1", "hevc": "hvc1", "av1": "av01"}
_DESCRIBE = {"h264": avc_configuration, "hevc": hevc_configuration, "av1": av1_configuration}
_BT709 = "colorprim=bt709:transfer=bt709:colormatrix=bt709"


def encoder_options(recipe: Recipe, size: tuple[int, int]) -> dict[str, str]:
    """Options of the encoder for a picture of *size*; all of them name a segment.

    A recipe's crf is on x264's scale; the others get what looks about the same there. None is without
    loss: below 1 x264 would leave the profile that players know.
    """
    if recipe.codec == "av1":
        return {
            "preset": str(_AV1_EFFORT[recipe.preset]),
            "crf": str(min(63, recipe.crf * 3 // 2)),
            "svtav1-params": "keyint=-1:scd=0:lp=1:pin=0",
        }
    ahead = _LOOKAHEAD[recipe.codec].get(recipe.preset)
    if ahead is not None:
        ahead = min(ahead, max(_LEAST_LOOKAHEAD, _LOOKAHEAD_PIXELS // (size[0] * size[1])))
    looks = "" if ahead is None else f":rc-lookahead={ahead}"
    if recipe.codec == "hevc":
        return {
            "preset": recipe.preset,
            "crf": str(recipe.crf + 2),
            "x265-params": f"keyint=-1:open-gop=0:pools=none:frame-threads=1:info=0:log-level=none{looks}:"
            f"{_BT709}:range=limited",
        }
    large = _is_large(size)
    return {
        "preset": recipe.preset,
        "crf": f"{max(1, recipe.crf - (_FINER_LARGE if large else _FINER)):.1f}",
        "profile": "high",
        "x264-params": f"keyint=infinite:stitchable=1:threads=1:lookahead-threads=1{looks}"
        f"{':b-pyramid=none' if large else ''}:{_BT709}:range=tv",
    }


def described(recipe: Recipe, size: tuple[int, int], rate: Fraction) -> list[Any]:
    """Everything that decides the encoder's output, for the key of a segment."""
    options = encoder_options(recipe, size)
    return [f"pyav {av.__version__}", _ENCODERS[recipe.codec], options, str(rate)]


class SegmentEncoder:
    """Encodes the frames of one segment, given in order from 0.

    `config` is the decoder configuration of MP4 (avcC, hvcC or av1C). Packets come as (frame shown, is a
    key frame, bytes as MP4 wants them) in decoding order.
    """

    def __init__(self, size: tuple[int, int], rate: Fraction, recipe: Recipe) -> None:
        _mind_memory(size)
        os.environ.setdefault("SVT_LOG", "0")  # SVT-AV1 writes its settings to standard error
        context: Any = av.CodecContext.create(_ENCODERS[recipe.codec], "w")
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.time_base = 1 / rate
        context.framerate = rate
        context.thread_count = 1
        context.flags |= Flags.global_header
        context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709
        context.color_range = 1  # TV
        context.options = _on_this_machine(encoder_options(recipe, size))
        try:
            context.open()
        except av.FFmpegError as error:
            raise ToolFailed(
                "ENCODER_FAILED", f"{_ENCODERS[recipe.codec]} could not be opened: {error}"
            ) from error
        self._context = context
        self._rate = rate
        headers = bytes(context.extradata)
        self.config = _DESCRIBE[recipe.codec](headers)
        self._packed = without_delimiter if recipe.codec == "av1" else length_prefixed

    def encode(self, frame: Any, number: int) -> Iterator[tuple[int, bool, bytes]]:
        """Packets that are ready once *frame* is in. The frame may be filled anew afterwards."""
        frame.pts = number
        frame.time_base = 1 / self._rate
        return self._packets(self._context.encode(frame))

    def finish(self) -> Iterator[tuple[int, bool, bytes]]:
        return self._packets(self._context.encode(None))

    def _packets(self, packets: Any) -> Iterator[tuple[int, bool, bytes]]:
        for packet in packets:
            yield packet.pts, packet.is_keyframe, self._packed(bytes(packet))


def _on_this_machine(options: Mapping[str, str]) -> dict[str, str]:
    """With what changes the machine's way and not the bytes."""
    whole = dict(options)
    if "x264-params" in whole:
        whole["x264-params"] += repeatable_instructions()
    return whole


def _is_large(size: tuple[int, int]) -> bool:
    return size[0] * size[1] > _LARGE_PIXELS


def _mind_memory(size: tuple[int, int]) -> None:
    """Large pictures that an encoder frees go back to the system at once: 14 MB less at 1080p.

    Smaller ones stay for the next segment's encoder: the system would clear every page anew for it,
    which takes 7 % of the CPU at 360p. glibc's own way lies between, and changes with what was freed before.
    """
    m_trim_threshold, m_mmap_threshold = -1, -3  # malloc.h
    pr_set_thp_disable = 41  # linux/prctl.h
    large = _is_large(size)
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        # x264 asks for pages of 2 MB, whose rounding costs 5 to 15 MB, by what else has run.
        libc.prctl(pr_set_thp_disable, int(large), 0, 0, 0)
        libc.mallopt(m_mmap_threshold, (256 << 10) if large else (32 << 20))
        libc.mallopt(m_trim_threshold, (128 << 10) if large else (64 << 20))
        if large:
            libc.malloc_trim(0)  # what a smaller picture has left
