"""What a file really is, by our own reading, before any other tool sees it.

ffmpeg opens whatever it recognises, and some of what it recognises (HLS, DASH,
ffconcat, SDP) makes it open other files or connect to hosts. So a file gets
its container's name here, from its first bytes and a light walk over its
structure, and is later opened as that and nothing else.
"""

from __future__ import annotations

import os
import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from workflow.errors import BadInput
from workflow.media import limits

_HEAD_BYTES = 64 << 10
_MOST_BOXES = 100_000  # a 4 h recording in fragments of half a second has 60 000

_ACCEPTED = "MP4, MOV, MKV, WebM, MPEG-TS, MPG and AVI films, and WAV, FLAC, MP3, AAC and Ogg sound"
_CONVERT = f"Export it again as MP4 (H.264 and AAC). Accepted are {_ACCEPTED}."

#: Text that tells a player to open something else.
_PLAYLISTS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("an HLS or M3U playlist", re.compile(rb"#EXT(M3U|INF|-X-)")),
    ("a DASH manifest", re.compile(rb"(?s)(<\?xml.*?)?<MPD[\s>]")),
    ("an XSPF playlist", re.compile(rb"(?s)(<\?xml.*?)?<playlist[\s>]")),
    ("a SMIL presentation", re.compile(rb"(?s)(<\?xml.*?)?<(smil|SmoothStreamingMedia)[\s>]")),
    ("an ffmpeg concat list", re.compile(rb"ffconcat|(file|stream)\s+['\w/]")),
    ("an ASX playlist", re.compile(rb"(?i)<asx[\s>]")),
    ("a PLS playlist", re.compile(rb"(?i)\[playlist\]")),
    ("a link to a stream", re.compile(rb"(?i)\[reference\]|(https?|rtsp|rtmp|mmsh?)://")),
    ("an SDP session description", re.compile(rb"v=0\r?\n[a-z]=")),
)
_NOT_MEDIA: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("a PNG picture", re.compile(rb"\x89PNG\r\n")),
    ("a JPEG picture", re.compile(rb"\xff\xd8\xff")),
    ("a GIF picture", re.compile(rb"GIF8[79]a")),
    ("a TIFF picture", re.compile(rb"II\*\0|MM\0\*")),
    ("a WebP picture", re.compile(rb"(?s)RIFF....WEBP")),
    ("a HEIF or AVIF picture", re.compile(rb"(?s)....ftyp(heic|heix|hevc|mif1|msf1|avif|avis)")),
    ("a PDF document", re.compile(rb"%PDF-")),
    ("a ZIP archive or an office document", re.compile(rb"PK\x03\x04")),
    ("an archive", re.compile(rb"Rar!|7z\xbc\xaf\x27|\x1f\x8b")),
    ("a program", re.compile(rb"MZ|\x7fELF|#!")),
    ("a web page", re.compile(rb"(?i)\s*<(!doctype html|html)")),
    ("an SVG picture", re.compile(rb"(?s)(<\?xml.*?)?<svg[\s>]")),
)
#: Containers of films that we do not read.
_OTHER_CONTAINERS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("an MXF file", re.compile(rb"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02")),
    ("a Windows Media file", re.compile(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11")),
    ("a Flash video", re.compile(rb"FLV\x01")),
    ("an AIFF file", re.compile(rb"(?s)FORM....AIF[FC]")),
)
_FOREIGN_SUFFIX = re.compile(
    r"7z|ass|bat|bmp|cmd|csv|docx?|exe|gif|gz|heic|html?|ico|jpe?g|js|json|m3u8?|mpd|odt|pdf|php|pls|png"
    r"|pptx?|rar|rtf|sh|srt|stl|svg|tar|tiff?|ttml|txt|vtt|webp|xlsx?|xml|xspf|zip"
)
_SOUND_ONLY = frozenset(("wav", "flac", "mp3", "aac", "ogg"))
_MP4_FIRST = frozenset(
    (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"sidx")
)


def sniff(path: Path, *, name: str = "") -> str:
    """The container of the file at *path*: mp4, matroska, mpegts, mpegps, avi, wav, mp3, flac, aac or ogg.

    name   what its owner calls it; a film that is called .jpg is refused

    Reads this file only, a little of it. Raises BadInput EMPTY, NOT_A_FILE, TOO_LARGE, TYPE_MISMATCH,
    NOT_A_VIDEO_CONTAINER, NO_STREAMS (nothing in it), TRUNCATED (its index was never written); OSError
    when it cannot be read.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise BadInput("EMPTY", "The file is empty.", advice="Upload it again.")
        head = file.read(_HEAD_BYTES)
        _refuse_what_is_no_film(head)
        container = _by_magic(head, size)
        most = limits.SOUND_BYTES if container in _SOUND_ONLY else limits.FILM_BYTES
        if size > most:
            raise BadInput(
                "TOO_LARGE",
                f"The file has {size / (1 << 30):.1f} GiB; at most {most >> 30} GiB are accepted.",
                advice="Export it smaller or in parts; a long recording as FLAC.",
            )
        if container == "mp4":
            _check_boxes(file, size)
    suffix = Path(name).suffix.lower().strip(". ")
    if _FOREIGN_SUFFIX.fullmatch(suffix):
        raise BadInput(
            "TYPE_MISMATCH",
            f"The file is called .{suffix} but holds {container}.",
            advice="If it is the right file, give it the ending it should have and upload it again.",
        )
    return container


def ends_early(path: Path, container: str) -> bool:
    """Whether the file stops in the middle of something that says how long it is."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(_HEAD_BYTES)
        if container == "mp4":
            return any(box.start + box.size > size for box in _boxes(file, size))
        if container == "mpegts":
            return size % _packet_step(head) != 0
        if container in {"wav", "avi"} and head[:4] == b"RIFF":
            declared = int(struct.unpack_from("<I", head, 4)[0])
            return declared not in {0, 0xFFFFFFFF} and declared + 8 > size
        if container == "matroska":
            return _matroska_end(head) > size
    return False


def index_comes_first(path: Path) -> bool:
    """Whether an MP4 has its index before its data, so that it plays while it arrives (faststart)."""
    with open_regular(path) as file:
        kinds = [box.kind for box in _boxes(file, os.fstat(file.fileno()).st_size)]
    return b"moov" in kinds and (
        b"mdat" not in kinds or kinds.index(b"moov") < kinds.index(b"mdat")
    )


def open_regular(path: Path) -> BinaryIO:
    """Opens *path* unless it is a pipe, a device or a folder; never waits for one."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadInput("NOT_A_FILE", "This is a folder or a device, not a file.")
    return os.fdopen(descriptor, "rb")


def _refuse_what_is_no_film(head: bytes) -> None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for what, pattern in _PLAYLISTS:
        if pattern.match(text):
            raise BadInput(
                "NOT_A_VIDEO_CONTAINER",
                f"The file is {what}, not a film: it only names other files.",
                advice="Upload the film itself.",
            )
    for what, pattern in _NOT_MEDIA:
        if pattern.match(head):
            raise BadInput("TYPE_MISMATCH", f"The file is {what}, not a film.", advice=_CONVERT)
    for what, pattern in _OTHER_CONTAINERS:
        if pattern.match(head):
            raise BadInput(
                "NOT_A_VIDEO_CONTAINER",
                f"The file is {what}, which is not accepted.",
                advice=_CONVERT,
            )


def _by_magic(head: bytes, size: int) -> str:
    if head[4:8] in _MP4_FIRST:
        return "mp4"
    if head[:4] == b"\x1aE\xdf\xa3" and re.search(rb"B\x82.{0,7}(matroska|webm)", head[:256], re.S):
        return "matroska"
    if head[:4] in {b"RIFF", b"RF64", b"BW64"} and head[8:12] in {b"WAVE", b"AVI "}:
        return "wav" if head[8:12] == b"WAVE" else "avi"
    if head[:4] == b"fLaC":
        return "flac"
    if head[:4] == b"OggS":
        return "ogg"
    if _packet_step(head):
        return "mpegts"
    if head[:4] == b"\0\0\x01\xba":  # a pack of a program stream: MPG and VOB files
        return "mpegps"
    if head[:3] == b"ID3" or _mp3_frames(head):
        return "mp3"
    if _adts_frames(head):
        return "aac"
    if size < 64:
        raise _nothing_in_it(f"The file has only {size} bytes.")
    raise BadInput(
        "NOT_A_VIDEO_CONTAINER",
        "The file is not a film or a recording of a kind that is known here.",
        advice=_CONVERT,
    )


def _nothing_in_it(message: str) -> BadInput:
    return BadInput(
        "NO_STREAMS",
        f"{message} There is no picture and no sound in it.",
        advice="Check that it plays on your own machine, then upload it again.",
    )


def _packet_step(head: bytes) -> int:
    """Bytes from one packet of an MPEG transport stream to the next; 0 if it is none.

    188 bytes as broadcast, 192 with a time code before each (AVCHD cameras).
    """
    for step, offset in ((188, 0), (192, 4)):
        places = range(offset, min(len(head), step * 16), step)
        if len(places) >= 2 and all(head[place] == 0x47 for place in places):
            return step
    return 0


_MP3_KBITS = {  # ISO 11172-3 and 13818-3, layer III, by "is MPEG 1"
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _mp3_frames(head: bytes) -> bool:
    """Three layer III frames in a row: two bytes of sync alone are too common."""
    place = 0
    for _ in range(3):
        if len(head) < place + 4 or head[place] != 0xFF or head[place + 1] & 0xE6 != 0xE2:
            return False
        version, byte = head[place + 1] >> 3 & 3, head[place + 2]
        if version == 1 or byte >> 4 in {0, 15} or byte >> 2 & 3 == 3:
            return False
        first = version == 3
        bits = _MP3_KBITS[first][byte >> 4] * 1000
        place += (144 if first else 72) * bits // _MP3_RATES[version][byte >> 2 & 3] + (
            byte >> 1 & 1
        )
    return True


def _adts_frames(head: bytes) -> bool:
    """Three ADTS frames in a row (ISO 13818-7)."""
    place = 0
    for _ in range(3):
        if len(head) < place + 7 or head[place] != 0xFF or head[place + 1] & 0xF6 != 0xF0:
            return False
        length = (head[place + 3] & 3) << 11 | head[place + 4] << 3 | head[place + 5] >> 5
        if length < 7:
            return False
        place += length
    return True


@dataclass(frozen=True, slots=True)
class _Box:
    """A top-level box of an MP4 or MOV file (ISO 14496-12)."""

    kind: bytes
    start: int
    size: int  # as it says; may reach past the end of the file


def _boxes(file: BinaryIO, end: int) -> Iterator[_Box]:
    """Top-level boxes as far as the structure holds; ends quietly where it does not."""
    place = 0
    for _ in range(_MOST_BOXES):
        file.seek(place)
        header = file.read(16)
        if len(header) < 8:
            return
        size, kind = struct.unpack_from(">I4s", header)
        if size == 1 and len(header) == 16:
            size = int(struct.unpack_from(">Q", header, 8)[0])
        elif size == 0:
            size = end - place
        if size < 8 or not re.fullmatch(rb"[\x20-\x7e\xa9]{4}", kind):
            return
        yield _Box(kind, place, size)
        place += size
        if place >= end:
            return
    raise BadInput(
        "NOT_A_VIDEO_CONTAINER",
        f"The file has more than {_MOST_BOXES} parts and cannot be a film.",
        advice=_CONVERT,
    )


def _check_boxes(file: BinaryIO, size: int) -> None:
    """Refuses an MP4 without an index, with half of one, or one that only refers to other files."""
    first: dict[bytes, _Box] = {}
    for box in _boxes(file, size):
        first.setdefault(box.kind, box)
    if (index := first.get(b"moov")) is None:
        if b"mdat" in first or b"moof" in first:
            _refuse_truncated(
                "Its index (moov) is missing: the recording or the copy was interrupted."
            )
        raise _nothing_in_it("The file has a header and nothing else.")
    if index.start + index.size > size:
        _refuse_truncated("It ends inside its index (moov).")
    file.seek(index.start + 8)
    if file.read(_HEAD_BYTES)[4:8] == b"rmra":
        raise BadInput(
            "NOT_A_VIDEO_CONTAINER",
            "The file is a QuickTime reference movie: it only names other files.",
            advice="Upload the film itself.",
        )


def _refuse_truncated(how: str) -> NoReturn:
    raise BadInput(
        "TRUNCATED",
        f"The file is not complete. {how}",
        advice="Copy or export it again; a recording that broke off can often be mended with untrunc"
        " and a good file of the same camera.",
    )


def _matroska_end(head: bytes) -> int:
    """Where the Segment says that it ends; 0 if it does not say (a live recording)."""
    place, size = _ebml_element(head, 0)
    start, length = _ebml_element(head, place + size)
    return start + length if head[place + size : place + size + 4] == b"\x18S\x80g" else 0


def _ebml_element(head: bytes, place: int) -> tuple[int, int]:
    """Start and size of the content of the element at *place* (RFC 8794 4-6); unknown size is 0."""
    if place >= len(head) or not head[place]:
        return place, 0
    place += 9 - head[place].bit_length()
    if place >= len(head) or not head[place]:
        return place, 0
    width = 9 - head[place].bit_length()
    value = int.from_bytes(head[place : place + width], "big") & ((1 << 7 * width) - 1)
    return place + width, 0 if value == (1 << 7 * width) - 1 else value
