"""The picture encoder: x264 on one thread, opened anew for every segment.

A segment's bytes depend on its own frames only: nothing of the rate control or the look-ahead of an
earlier segment is carried over, so it does not matter in which run, or on which machine, it was made.
See docs/decisions/0004-deterministic-segments.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.codec.context import Flags

from workflow.errors import ToolFailed
from workflow.media.x264 import repeatable_instructions
from workflow.render.recipe import Recipe

_ALWAYS = (
    "keyint=infinite:stitchable=1:threads=1:lookahead-threads=1:"
    "colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv"
)


def described(recipe: Recipe, rate: Fraction) -> list[Any]:
    """Everything that decides the encoder's output, for the key of a segment."""
    return [f"pyav {av.__version__}", _ALWAYS, recipe.preset, recipe.crf, str(rate)]


class SegmentEncoder:
    """Encodes the frames of one segment, given in order from 0.

    `config` is the decoder configuration (avcC). Packets come as (frame shown, is a key frame, bytes)
    in decoding order, NAL units prefixed by their length as MP4 wants them.
    """

    def __init__(self, size: tuple[int, int], rate: Fraction, recipe: Recipe) -> None:
        context: Any = av.CodecContext.create("libx264", "w")
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.time_base = 1 / rate
        context.framerate = rate
        context.thread_count = 1
        context.flags |= Flags.global_header
        context.options = {
            "preset": recipe.preset,
            "crf": str(recipe.crf),
            "profile": "high",
            "x264-params": _ALWAYS + repeatable_instructions(),
        }
        try:
            context.open()
        except av.FFmpegError as error:
            raise ToolFailed("ENCODER_FAILED", f"x264 could not be opened: {error}") from error
        self._context = context
        self._rate = rate
        self.config = avc_configuration(bytes(context.extradata))

    def encode(self, frame: Any, number: int) -> Iterator[tuple[int, bool, bytes]]:
        """Packets that are ready once *frame* is in. The frame may be filled anew afterwards."""
        frame.pts = number
        frame.time_base = 1 / self._rate
        return self._packets(self._context.encode(frame))

    def finish(self) -> Iterator[tuple[int, bool, bytes]]:
        return self._packets(self._context.encode(None))

    def _packets(self, packets: Any) -> Iterator[tuple[int, bool, bytes]]:
        for packet in packets:
            yield packet.pts, packet.is_keyframe, length_prefixed(bytes(packet))


def nal_units(stream: bytes) -> list[bytes]:
    """NAL units of an Annex B byte stream (ITU-T H.264, Annex B), without their start codes."""
    units = stream.split(b"\x00\x00\x01")[1:]
    # A start code may have one zero more in front; a NAL unit itself never ends in a zero byte.
    return [unit.rstrip(b"\x00") for unit in units]


def length_prefixed(stream: bytes) -> bytes:
    """Annex B → the form of MP4: each NAL unit after its length in four bytes."""
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in nal_units(stream))


def avc_configuration(headers: bytes) -> bytes:
    """The avcC record for x264's headers, 8-bit 4:2:0 (ISO/IEC 14496-15, 5.3.3.1)."""
    units = nal_units(headers)
    sequence = [unit for unit in units if unit[0] & 31 == 7]
    picture = [unit for unit in units if unit[0] & 31 == 8]
    record = b"\x01" + sequence[0][1:4] + b"\xff" + bytes([0xE0 | len(sequence)])
    record += b"".join(len(unit).to_bytes(2, "big") + unit for unit in sequence)
    record += bytes([len(picture)])
    record += b"".join(len(unit).to_bytes(2, "big") + unit for unit in picture)
    high = sequence[0][1] >= 100  # ultrafast needs no more than the baseline profile
    return record + (b"\xfd\xf8\xf8\x00" if high else b"")
