"""The index of a mezzanine: a file with the bytes that it names gives the same pictures as the whole."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest

from workflow.errors import ToolFailed
from workflow.media.index import BLOCK, FilmIndex, index_film

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


@pytest.fixture(scope="module")
def mezzanine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 s of noise at 24 frames a second in groups of two seconds, with B-frames: 12 MB."""
    path = tmp_path_factory.mktemp("mezzanine") / "mezzanine.mp4"
    noise = "nullsrc=size=320x240:rate=24:duration=24,geq=random(1)*255:128:128"
    subprocess.run(
        [
            *(FFMPEG, "-v", "error", "-f", "lavfi", "-i", noise),
            *("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-crf", "28"),
            *("-g", "48", "-keyint_min", "48", "-sc_threshold", "0", "-bf", "3"),
            *("-flags", "+cgop", "-movflags", "+faststart", str(path)),
        ],
        check=True,
    )
    return path


def pictures(film: Path, first: int, frames: int) -> bytes:
    """As the render reads them: decoded from the key frame at *first*."""
    run = subprocess.run(
        [
            *(FFMPEG, "-v", "error", "-xerror", "-threads", "1", "-ss", f"{first / 24:.6f}"),
            *("-i", str(film), "-frames:v", str(frames), "-fps_mode", "passthrough"),
            *("-f", "framemd5", "-"),
        ],
        check=False,
        capture_output=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize(("first", "frames"), [(0, 48), (96, 240), (240, 1), (528, 48)])
def test_the_bytes_that_the_index_names_are_enough_to_decode(
    mezzanine: Path, tmp_path: Path, first: int, frames: int
) -> None:
    index = FilmIndex.from_bytes(index_film(mezzanine).to_bytes())
    assert [gop[0] for gop in index.gops] == list(range(0, 576, 48))
    holes = tmp_path / "holes.mp4"
    with holes.open("wb") as file, mezzanine.open("rb") as whole:
        file.truncate(index.blocks.size)
        for start, end in index.ranges(first, first + frames):
            whole.seek(start)
            file.seek(start)
            file.write(whole.read(end - start))
    assert pictures(holes, first, frames) == pictures(mezzanine, first, frames)


def test_a_short_stretch_needs_a_small_part_of_the_film(mezzanine: Path) -> None:
    index = index_film(mezzanine)
    wanted = index.blocks.of(index.ranges(240, 288))
    assert len(wanted) * BLOCK < index.blocks.size / 2


def test_a_block_that_is_not_as_it_was_is_told(mezzanine: Path) -> None:
    blocks = index_film(mezzanine).blocks
    data = bytearray(mezzanine.read_bytes()[BLOCK : 2 * BLOCK])
    assert blocks.is_right(1, bytes(data))
    data[100] ^= 1
    assert not blocks.is_right(1, bytes(data))


def test_what_is_no_index_is_named() -> None:
    for data in (b"", b"{}", b"[1]", b'{"sha256": "zz"}'):
        with pytest.raises(ToolFailed, match="INDEX_DAMAGED"):
            FilmIndex.from_bytes(data)
