"""What a film or a recording may be at most. Shown to people, so that they know before they upload.

Sizes that a decoder would have to allocate are refused before any decoder runs.
"""

from __future__ import annotations

from fractions import Fraction

from workflow.timebase import Flicks, from_seconds

FILM_BYTES = 12 << 30
SOUND_BYTES = 2 << 30
DURATION: Flicks = from_seconds(4 * 3600)

WIDTH_AND_HEIGHT = (4096, 2304)  # either way up
PIXELS = 4096 * 2304
SMALLEST_SIDE = 64
FRAME_RATES = (Fraction(1), Fraction(120))

VIDEO_STREAMS = 8  # one is used; more than this is no film
AUDIO_STREAMS = 16
SUBTITLE_STREAMS = 32
STREAMS = 64  # of all types

SAMPLE_RATES = (8_000, 192_000)
CHANNELS = 8

#: Decoders that ffmpeg may start for a user's file (its names; several for one codec where builds differ).
DECODERS: tuple[str, ...] = (
    # picture
    *("h264", "hevc", "av1", "libdav1d", "vp8", "libvpx", "vp9", "libvpx-vp9", "mpeg4", "msmpeg4"),
    *("mpeg1video", "mpeg2video", "mpegvideo", "h263", "mjpeg", "prores", "dnxhd", "theora", "vc1"),
    *("dvvideo", "ffv1", "rawvideo", "wmv1", "wmv2", "wmv3", "qtrle", "png", "cfhd"),
    # sound
    *(
        "aac",
        "mp3",
        "mp3float",
        "mp2",
        "mp2float",
        "ac3",
        "eac3",
        "flac",
        "alac",
        "opus",
        "libopus",
    ),
    *("vorbis", "libvorbis", "dca", "wmav1", "wmav2", "wmapro", "amrnb", "amrwb", "adpcm_ms"),
    *("adpcm_ima_wav", "adpcm_ima_qt", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8"),
    *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
    *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_bluray", "pcm_dvd"),
)
