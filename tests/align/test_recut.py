"""A film cut anew: its sound tells what went where."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from imageio_ffmpeg import get_ffmpeg_exe

from workflow.align.fingerprint import fingerprint
from workflow.align.recut import Piece, pieces_kept, recut
from workflow.cli.align import align
from workflow.errors import BadInput
from workflow.timebase import FLICKS_PER_SECOND, FrameGrid
from workflow.tracks.cues import Cue

SAMPLES = Path(__file__).parents[2] / "samples"
OLD = SAMPLES / "rights.mp4"
SECOND = FLICKS_PER_SECOND


@pytest.fixture(scope="module")
def new_cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five seconds of a tone before it, 30.5 to 42 s taken out, quieter, through another codec."""
    out = tmp_path_factory.mktemp("recut") / "new.mp3"
    mono = "aformat=sample_fmts=fltp:sample_rates=48000:channel_layouts=mono"
    graph = (
        f"sine=f=300:r=48000:d=5,{mono}[head];[0:a]{mono},asplit[a][b];"
        "[a]atrim=0:30.5,asetpts=N/SR/TB[one];[b]atrim=42,asetpts=N/SR/TB[two];"
        "[head][one][two]concat=n=3:v=0:a=1,volume=0.5[out]"
    )
    command = [get_ffmpeg_exe(), "-v", "error", "-i", OLD, "-filter_complex", graph]
    subprocess.run([*command, "-map", "[out]", "-b:a", "64k", out], check=True)
    return out


def test_pieces_of_the_old_cut_are_found_in_the_new_one(new_cut: Path) -> None:
    pieces = pieces_kept(fingerprint(OLD), fingerprint(new_cut))
    assert [round(p.offset / SECOND, 1) for p in pieces] == [5.0, -6.5]
    first, second = pieces
    assert (first.start, round(first.end / SECOND)) == (0, 30 if first.end < 30.5 * SECOND else 31)
    assert abs(second.start / SECOND - 42) < 0.3


def test_another_film_is_no_cut_of_this_one() -> None:
    with pytest.raises(BadInput, match="UNRELATED"):
        pieces_kept(fingerprint(OLD), fingerprint(SAMPLES / "rights.tk.flac"))


def test_cues_go_with_their_piece_and_only_those_at_a_cut_are_marked() -> None:
    pieces = (Piece(0, 10 * SECOND, 2 * SECOND), Piece(20 * SECOND, 30 * SECOND, -8 * SECOND))
    cues = [
        Cue("stays", SECOND, 3 * SECOND, "a", note="bellik"),
        Cue("torn", 9 * SECOND, 11 * SECOND, "b"),
        Cue("gone", 12 * SECOND, 14 * SECOND, "c"),
        Cue("later", 21 * SECOND, 22 * SECOND, "d"),
    ]
    found = recut(cues, pieces, grid=FrameGrid(25), duration=60 * SECOND)
    assert [(c.uid, c.start // SECOND, c.end // SECOND) for c in found.cues] == [
        ("stays", 3, 5),
        ("torn", 11, 12),
        ("later", 13, 14),
    ]
    assert found.cues[0].note == "bellik"
    assert (found.torn, found.gone) == ({"torn"}, {"gone"})


def test_the_command_lays_a_track_on_the_new_cut(new_cut: Path, tmp_path: Path) -> None:
    out = tmp_path / "new.srt"
    told = CliRunner().invoke(
        align,
        [
            "recut",
            str(SAMPLES / "rights.en.srt"),
            "--old",
            str(OLD),
            "--new",
            str(new_cut),
            "-o",
            str(out),
            "--json",
        ],
        catch_exceptions=False,
    )
    body = json.loads(told.output)
    assert [piece["offset"] // (SECOND // 10) for piece in body["pieces"]] == [50, -65]
    assert body["cues"] + len(body["gone"]) == 25
    assert 2 <= len(body["gone"]) <= 5
    assert out.read_text().count("-->") == body["cues"]
