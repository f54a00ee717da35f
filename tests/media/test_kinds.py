"""Films as cameras, phones, editors and archives make them: each becomes the same kind of mezzanine, and says how.

Bad inputs that need files made byte by byte are here too, by their numbers of the threat model.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import av
import numpy as np
import pytest

from workflow.errors import BadInput
from workflow.media.ingest import Ingested, ingest
from workflow.media.probe import probe

SOUND = ("-f", "lavfi", "-i", "aevalsrc='0.8*gte(t,0.5)*lt(t,0.52)*sin(2*PI*1000*t)':d=1:s=48000")
HLG = "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc:range=tv"


def source(rate: str = "25", size: str = "160x96", more: str = "") -> tuple[str, ...]:
    """One second; a white frame at half of it, as the click of SOUND."""
    flash = f"drawbox=c=white:t=fill:enable='between(t,0.499,0.52)'{more}"
    return ("-f", "lavfi", "-i", f"color=0x204060:s={size}:r={rate}:d=1,{flash}", *SOUND)


def taken_in(path: Path, folder: Path) -> Ingested:
    out = folder / "out"
    out.mkdir()
    return ingest(path, out)


def lit_frames(path: Path) -> list[int]:
    with av.open(str(path)) as media:
        planes = [frame.to_ndarray(format="gray") for frame in media.decode(video=0)]
    return [number for number, plane in enumerate(planes) if plane.mean() > 150]


KINDS = {
    "phone-hevc.mp4": (source(), ("libx265", "-x265-params", "log-level=0"), "aac", set()),
    "phone-hlg.mov": (
        source(more=f",format=yuv420p10,{HLG}"),
        ("libx265", "-x265-params", "log-level=0"),
        "aac",
        {"TONE_MAPPED"},
    ),
    "web.webm": (source(), ("libvpx-vp9", "-deadline", "realtime"), "libopus", set()),
    "web-av1.mp4": (source(), ("libsvtav1", "-preset", "12"), "aac", set()),
    "editor-4444.mov": (
        source(),
        ("prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"),
        "pcm_s24le",
        set(),
    ),
    "editor.mov": (
        source("24000/1001", "256x144"),
        ("dnxhd", "-profile:v", "dnxhr_sq"),
        "pcm_s16be",
        set(),
    ),
    "broadcast.mpg": (source(), ("mpeg2video", "-q:v", "3"), "mp2", set()),
    "disc.vob": (
        source("30000/1001", "720x480", ",setsar=8/9"),
        ("mpeg2video", "-q:v", "3"),
        "ac3",
        {"SQUARE_PIXELS"},
    ),
    "camcorder-dv.avi": (
        source(size="720x576", more=",setsar=16/15,setfield=bff"),
        ("dvvideo", "-pix_fmt", "yuv420p"),
        "pcm_s16le",
        {"SQUARE_PIXELS", "DEINTERLACED"},
    ),
    "camera-mjpeg.avi": (source(), ("mjpeg", "-q:v", "3"), "pcm_u8", set()),
    "archive.mkv": (source(size="161x97"), ("ffv1",), "flac", {"PADDED"}),
}


@pytest.mark.parametrize("name", KINDS)
def test_film_of_every_kind_keeps_frames_flash_and_click_in_their_places(
    make_clip, tmp_path: Path, name: str
) -> None:
    shown, picture, sound, changes = KINDS[name]
    path = make_clip(name, *shown, "-c:v", *picture, "-c:a", sound)
    made = taken_in(path, tmp_path)
    assert {change.code for change in made.changes} == changes
    frames = round(made.film.rate)
    assert made.film.frames == frames
    half = -(-frames // 2) if frames != 25 else 13
    assert lit_frames(made.files["mezzanine"]) == [half]
    with av.open(str(made.files["sound"])) as media:
        heard = np.concatenate([f.to_ndarray().reshape(-1, 2) for f in media.decode(audio=0)])
    assert abs(int(np.argmax(np.abs(heard[:, 0]) > 6000)) / 48 - 500) < 5


def test_25_mirrored_film_is_shown_as_it_asks_to_be(make_clip, tmp_path: Path) -> None:
    marked = "color=black:s=160x96:r=25:d=1,drawbox=w=40:h=30:c=white:t=fill"
    flat = make_clip("flat.mp4", "-f", "lavfi", "-i", marked, "-c:v", "libx264")
    made = taken_in(
        make_clip("m.mp4", "-display_rotation", "0", "-display_hflip", "-i", flat, "-c", "copy"),
        tmp_path,
    )
    assert {change.code for change in made.changes} == {"MIRRORED"}
    with av.open(str(made.files["mezzanine"])) as media:
        first = next(media.decode(video=0)).to_ndarray(format="gray")
    assert first[10, 150] > 200
    assert first[10, 10] < 60


def test_35_film_whose_cover_comes_first_is_the_film(make_clip, tmp_path: Path) -> None:
    cover = make_clip(
        "c.png", "-f", "lavfi", "-i", "color=s=900x900", "-frames:v", "1", "-update", "1"
    )
    path = make_clip(
        "x.mp4",
        *("-i", cover, *source(), "-map", "0", "-map", "1", "-map", "2", "-c:v:0", "copy"),
        *("-c:v:1", "libx264", "-c:a", "aac", "-disposition:v:0", "attached_pic"),
    )
    made = taken_in(path, tmp_path)
    assert (made.film.width, made.film.height, made.film.frames) == (160, 96, 25)


# Bad inputs


def with_gab2(avi: bytes, text: bytes) -> bytes:
    """An AVI with one more stream: a subtitle "file" inside a GAB2 chunk."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    words = "t".encode("utf-16-le") + b"\0\0"
    gab2 = b"GAB2\0" + struct.pack("<HI", 2, len(words)) + words
    gab2 += struct.pack("<HI", 4, len(text)) + text
    head = b"txts" + bytes(16) + struct.pack("<II", 1, 25) + bytes(28)  # scale and rate
    stream = chunk(b"LIST", b"strl" + chunk(b"strh", head) + chunk(b"strf", b""))
    header_size = struct.unpack_from("<I", avi, 16)[0]
    header, rest = avi[24 : 20 + header_size], avi[20 + header_size :]
    counted = bytearray(header)
    struct.pack_into("<I", counted, counted.index(b"avih") + 8 + 24, 2)
    place = rest.index(b"movi")
    data_size = struct.unpack_from("<I", rest, place - 4)[0]
    extra = chunk(b"01tx", gab2)
    data = rest[place : place + data_size]
    body = b"AVI " + chunk(b"LIST", b"hdrl" + bytes(counted) + stream)
    body += rest[: place - 8] + chunk(b"LIST", data[:4] + extra + data[4:])
    return chunk(b"RIFF", body)


def test_07_playlist_in_the_subtitles_of_an_avi_opens_no_file(
    make_clip, tmp_path: Path, canary
) -> None:
    whole = make_clip("x.avi", *source(), "-c:v", "mpeg4", "-c:a", "pcm_s16le")
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{canary.path}\n"
    upload = tmp_path / "gab2.avi"
    upload.write_bytes(with_gab2(whole.read_bytes(), playlist.encode()))
    assert "subtitle" in {stream.type for stream in probe(upload).streams}
    made = taken_in(upload, tmp_path)
    assert made.film.frames == 25
    assert not canary.was_opened()


def test_30_transport_stream_whose_clock_wraps_stays_in_step(make_clip, tmp_path: Path) -> None:
    wrap = Fraction(1 << 33, 90_000)  # the muxer begins 1.4 s after the offset
    offset = float(wrap - Fraction(19, 10))
    path = make_clip(
        "x.ts",
        *(*source(), "-c:v", "libx264", "-c:a", "mp2"),
        *("-output_ts_offset", f"{offset:.3f}"),
    )
    made = taken_in(path, tmp_path)
    assert made.film.frames == 25
    assert lit_frames(made.files["mezzanine"]) == [13]


@pytest.mark.parametrize("times", [2, 5])
def test_30_recordings_one_behind_the_other_are_put_on_one_clock(
    make_clip, tmp_path: Path, times: int
) -> None:
    part = make_clip("x.ts", *source(), "-c:v", "libx264", "-c:a", "mp2")
    upload = tmp_path / "again.ts"
    upload.write_bytes(part.read_bytes() * times)
    facts = probe(upload)
    assert [(said.code, said.values) for said in facts.findings] == [
        ("CLOCK_JUMPS", {"count": times})
    ]
    made = taken_in(upload, tmp_path)
    assert made.film.frames == 25 * times
    assert lit_frames(made.files["mezzanine"]) == [13 + 25 * n for n in range(times)]
    with av.open(str(made.files["sound"])) as media:
        heard = np.concatenate([f.to_ndarray().reshape(-1, 2) for f in media.decode(audio=0)])
    clicks = np.flatnonzero(np.abs(heard[:, 0]) > 6000) / 48
    assert abs(clicks[0] - 500) < 5
    # The last frame of MP2 lasts a little longer than its picture.
    assert abs(clicks[-1] - 520 - 1000 * (times - 1)) < 5 + 10 * times
    assert (
        made.film.joined == sha256(made.files["joined"].read_bytes()).hexdigest() != made.film.hash
    )


def crowded_stream(programs: int, streams: int) -> bytes:
    """A transport stream that promises programs * streams streams and holds none."""

    def section(table: int, number: int, body: bytes) -> bytes:
        head = struct.pack(">BHHBBB", table, 0xB000 | len(body) + 9, number, 0xC1, 0, 0)
        return head + body + struct.pack(">I", crc32_mpeg(head + body))

    def packets(pid: int, content: bytes) -> bytes:
        payload, made = b"\0" + content, b""
        for count, start in enumerate(range(0, len(payload), 184)):
            head = struct.pack(">BHB", 0x47, (0x4000 if not start else 0) | pid, 0x10 | count % 16)
            made += head + payload[start : start + 184].ljust(184, b"\xff")
        return made

    numbers = range(1, programs + 1)
    table = b"".join(struct.pack(">HH", n, 0xE000 | 0x100 + n) for n in numbers)
    made = packets(0, section(0, 1, table))
    for n in numbers:
        each = range(streams)
        body = struct.pack(">HH", 0xE1FF, 0xF000)
        body += b"".join(
            struct.pack(">BHH", 0x1B, 0xE000 | (0x400 + n * 40 + k) & 0x1FFF, 0xF000) for k in each
        )
        made += packets(0x100 + n, section(2, n, body))
    return made


def crc32_mpeg(data: bytes) -> int:
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 1 << 31 else 0)) & 0xFFFFFFFF
    return value


def test_39_transport_stream_of_ten_thousand_streams_is_refused_at_once(tmp_path: Path) -> None:
    upload = tmp_path / "x.ts"
    upload.write_bytes(crowded_stream(50, 200) * 3)
    with pytest.raises(BadInput) as refused:
        probe(upload)
    assert refused.value.code in {"UNREADABLE", "NO_STREAMS", "TOO_MANY_STREAMS"}


def test_44_what_is_attached_to_a_film_goes_nowhere(make_clip, tmp_path: Path) -> None:
    # The EICAR test string, in two parts so that no scanner objects to this file.
    virus = tmp_path / "eicar.com"
    virus.write_bytes(
        b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    )
    path = make_clip(
        "x.mkv",
        *(*source(), "-c:v", "libx264", "-c:a", "aac", "-attach", virus),
        *("-metadata:s:t", "mimetype=application/octet-stream"),
    )
    assert b"EICAR" in path.read_bytes()
    made = taken_in(path, tmp_path)
    assert made.film.frames == 25
    assert not any(b"EICAR" in file.read_bytes() for file in made.files.values())
