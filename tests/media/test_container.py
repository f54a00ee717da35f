"""Bad inputs of reliability-and-security.md 5.4 that our own look at the file refuses."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from pathlib import Path

import pytest

from workflow.errors import BadInput, ToolFailed
from workflow.media.container import ends_early, index_comes_first, sniff
from workflow.media.ffmpeg import DEMUXERS, find_ffmpeg, input_arguments, run_ffmpeg
from workflow.media.ingest import ingest
from workflow.media.probe import probe


def refusal(path: Path, *, name: str = "") -> str:
    with pytest.raises(BadInput) as refused:
        probe(path, name=name)
    return refused.value.code


def hls(target: str) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{target}\n#EXT-X-ENDLIST\n"


def test_the_canary_sings_when_plain_ffmpeg_opens_a_list(tmp_path, canary) -> None:
    """Control: without our precautions the other file is read, so the tests below can fail.

    FFmpeg 9 refuses an HLS playlist that is called .mp4 by itself; older ones, and a list, do not.
    """
    upload = tmp_path / "x.mp4"
    upload.write_text(f"ffconcat version 1.0\nfile {canary.path.name}\n")
    command = [find_ffmpeg(), "-nostdin", "-v", "quiet", "-i", upload, "-f", "null", "-"]
    subprocess.run(command, check=False)
    assert canary.was_opened()


def test_01_hls_playlist_named_mp4_is_refused_and_reads_no_other_file(tmp_path, canary) -> None:
    upload = tmp_path / "x.mp4"
    upload.write_text(hls(f"file://{canary.path}"))
    out = tmp_path / "out"
    out.mkdir()
    assert refusal(upload) == "NOT_A_VIDEO_CONTAINER"
    with pytest.raises(BadInput, match="NOT_A_VIDEO_CONTAINER"):
        ingest(upload, out)
    assert not canary.was_opened()
    assert not list(out.iterdir())


@pytest.mark.parametrize("container", DEMUXERS)
def test_01_even_past_our_own_look_ffmpeg_opens_nothing_but_the_named_container(
    tmp_path, canary, container: str
) -> None:
    upload = tmp_path / "x.mp4"
    upload.write_text(hls(f"file://{canary.path}"))
    with pytest.raises(ToolFailed):
        run_ffmpeg([*input_arguments(upload, container), "-f", "null", "-"])
    assert not canary.was_opened()


def test_02_hls_playlist_with_a_local_address_makes_no_connection(tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        upload = tmp_path / "x.mp4"
        upload.write_text(hls(f"http://127.0.0.1:{listener.getsockname()[1]}/a.ts"))
        assert refusal(upload) == "NOT_A_VIDEO_CONTAINER"
        with pytest.raises(ToolFailed):
            run_ffmpeg([*input_arguments(upload, "mpegts"), "-f", "null", "-"])
        with pytest.raises(BlockingIOError):
            listener.accept()


PLAYLISTS = {
    "03_dash_manifest": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    "<Period><AdaptationSet><Representation id='1'><BaseURL>canary.mp4</BaseURL></Representation>"
    "</AdaptationSet></Period></MPD>",
    "04_ffconcat_list": "ffconcat version 1.0\nfile canary.mp4\n",
    "04_concat_list_without_header": "file 'canary.mp4'\n",
    "05_xspf_playlist": '<?xml version="1.0"?><playlist version="1"><trackList><track><location>canary.mp4'
    "</location></track></trackList></playlist>",
    "05_asx_playlist": '<ASX version="3.0"><Entry><Ref href="canary.mp4"/></Entry></ASX>',
    "05_pls_playlist": "[playlist]\nFile1=canary.mp4\nNumberOfEntries=1\n",
    "05_m3u_playlist": "#EXTM3U\ncanary.mp4\n",
    "05_link": "https://example.org/film.m3u8\n",
    "06_sdp_description": "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n",
}


@pytest.mark.parametrize("which", PLAYLISTS)
@pytest.mark.parametrize("before", ["", "\ufeff", "\r\n  "])
def test_03_to_06_text_that_names_other_files_is_refused(
    tmp_path, canary, which: str, before: str
) -> None:
    upload = tmp_path / "x.mkv"
    upload.write_text(before + PLAYLISTS[which], encoding="utf-8")
    assert refusal(upload) == "NOT_A_VIDEO_CONTAINER"
    assert not canary.was_opened()


def test_11_film_called_jpg_is_refused(film: Path) -> None:
    assert refusal(film, name="holiday.JPG") == "TYPE_MISMATCH"
    assert sniff(film, name="holiday.mkv") == "mp4"


@pytest.mark.parametrize(
    "head",
    [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"%PDF-1.7", b"PK\x03\x04", b"\x7fELF"],
)
def test_11_picture_or_document_called_mp4_is_refused(tmp_path, head: bytes) -> None:
    upload = tmp_path / "x.mp4"
    upload.write_bytes(head + bytes(200))
    assert refusal(upload, name="x.mp4") == "TYPE_MISMATCH"


def test_11_real_png_called_mp4_is_refused(make_clip) -> None:
    arguments = (
        "-f",
        "lavfi",
        "-i",
        "testsrc=d=1",
        "-frames:v",
        "1",
        "-f",
        "image2pipe",
        "-c:v",
        "png",
    )
    assert refusal(make_clip("x.mp4", *arguments)) == "TYPE_MISMATCH"


def test_12_web_page_with_a_film_behind_it_is_refused(tmp_path, film: Path) -> None:
    upload = tmp_path / "x.mp4"
    upload.write_bytes(b"<!doctype html><script>alert(1)</script><!--" + film.read_bytes())
    assert refusal(upload) == "TYPE_MISMATCH"
    upload.write_bytes(b"\0\0\0\x20text <script>alert(1)</script>" + film.read_bytes())
    assert refusal(upload) == "NOT_A_VIDEO_CONTAINER"


def test_13_empty_file_is_refused(tmp_path) -> None:
    upload = tmp_path / "x.mp4"
    upload.touch()
    assert refusal(upload) == "EMPTY"


@pytest.mark.parametrize(
    "content", [b"a", b"\0", b"0123456789abcdef", b"\0\0\0\x10ftypisom\0\0\0\0"]
)
def test_14_file_with_next_to_nothing_in_it_is_refused(tmp_path, content: bytes) -> None:
    upload = tmp_path / "x.mp4"
    upload.write_bytes(content)
    assert refusal(upload) == "NO_STREAMS"


def test_15_mp4_whose_index_was_never_written_is_refused_with_advice(make_clip, tmp_path) -> None:
    slow = make_clip("slow.mp4", "-f", "lavfi", "-i", "testsrc=s=128x96:d=1", "-c:v", "libx264")
    assert not index_comes_first(slow)
    upload = tmp_path / "x.mp4"
    whole = slow.read_bytes()
    upload.write_bytes(whole[: whole.rindex(b"moov") - 4])
    with pytest.raises(BadInput) as refused:
        probe(upload)
    assert refused.value.code == "TRUNCATED"
    assert "untrunc" in refused.value.advice
    upload.write_bytes(whole[:-100])
    assert refusal(upload) == "TRUNCATED"


def test_16_mp4_with_its_index_at_the_end_is_accepted(make_clip) -> None:
    slow = make_clip("slow.mp4", "-f", "lavfi", "-i", "testsrc=s=128x96:d=1", "-c:v", "libx264")
    assert probe(slow).kind == "video"
    assert not ends_early(slow, "mp4")


def test_09_quicktime_reference_movie_is_refused(tmp_path) -> None:
    inner = struct.pack(">I4s", 16, b"rmra") + bytes(8)
    upload = tmp_path / "x.mov"
    upload.write_bytes(struct.pack(">I4s", 8 + len(inner), b"moov") + inner)
    assert refusal(upload) == "NOT_A_VIDEO_CONTAINER"


def test_40_mp4_of_a_million_empty_boxes_is_refused(tmp_path) -> None:
    upload = tmp_path / "x.mp4"
    upload.write_bytes(b"\0\0\0\x08free" * 1_000_000)
    assert refusal(upload) == "NOT_A_VIDEO_CONTAINER"


def test_a_pipe_or_a_folder_is_refused_without_waiting(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == "NOT_A_FILE"
    assert refusal(tmp_path) == "NOT_A_FILE"


def test_more_bytes_than_a_film_may_have_are_refused(tmp_path) -> None:
    upload = tmp_path / "x.mp4"
    upload.write_bytes(b"\0\0\0\x08free")
    os.truncate(upload, (12 << 30) + 1)
    assert refusal(upload) == "TOO_LARGE"


SOUND = ("-f", "lavfi", "-i", "sine=d=1", "-map_metadata", "-1")
PICTURE = ("-f", "lavfi", "-i", "testsrc=s=128x96:d=1", "-c:v", "mpeg4")


@pytest.mark.parametrize(
    ("name", "container", "arguments"),
    [
        ("x.mkv", "matroska", PICTURE),
        ("x.ts", "mpegts", (*PICTURE[:4], "-c:v", "mpeg2video")),
        ("x.m2ts", "mpegts", (*PICTURE[:4], "-c:v", "mpeg2video", "-mpegts_m2ts_mode", "1")),
        ("x.mpg", "mpegps", (*PICTURE[:4], "-c:v", "mpeg2video")),
        ("x.vob", "mpegps", (*PICTURE[:4], "-c:v", "mpeg2video")),
        ("x.avi", "avi", PICTURE),
        ("x.mov", "mp4", PICTURE),
        ("x.webm", "matroska", (*PICTURE[:4], "-c:v", "libvpx", "-deadline", "realtime")),
        ("x.wav", "wav", SOUND),
        ("x.flac", "flac", SOUND),
        ("x.mp3", "mp3", SOUND),
        ("y.mp3", "mp3", (*SOUND, "-id3v2_version", "0", "-write_xing", "0", "-ar", "22050")),
        ("x.aac", "aac", SOUND),
        ("x.ogg", "ogg", (*SOUND, "-c:a", "libvorbis")),
    ],
)
def test_every_accepted_container_is_known_by_what_is_in_it(
    make_clip, name: str, container: str, arguments: tuple[str, ...]
) -> None:
    path = make_clip(name, *arguments)
    facts = probe(path)
    assert facts.container == container
    assert facts.findings == () or facts.kind == "video"
    assert not ends_early(path, container)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("x.asf", (*PICTURE[:4], "-c:v", "wmv2")), ("x.flv", (*PICTURE[:4], "-c:v", "flv"))],
)
def test_other_containers_are_refused_by_their_name(make_clip, name: str, arguments) -> None:
    with pytest.raises(BadInput, match="which is not accepted"):
        sniff(make_clip(name, *arguments))
