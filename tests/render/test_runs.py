"""The same bytes whoever encodes, whenever it was stopped, however often it is begun again."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from tests.render.conftest import MakeReel
from tests.render.reels import QUICK, Reel, sha
from workflow.errors import Cancelled, ToolFailed
from workflow.render.engine import build_segments
from workflow.render.plan import RenderPlan, plan_render
from workflow.render.run import Run, encode_run, missing, runs
from workflow.render.segments import FolderSegments, read_segment

PICTURE = "testsrc2"  # moves: encoders have something to remember


@pytest.fixture
def reel(make_reel: MakeReel) -> Reel:
    return make_reel(Fraction(24), 230, PICTURE, (192, 108))


@pytest.fixture
def plan(reel: Reel) -> RenderPlan:
    cues = [
        reel.cue(10, 60, "Salam"),
        reel.cue(90, 150, "Hoş geldiňiz"),
        reel.cue(140, 200, "Sag boluň"),
    ]
    return plan_render(reel.film, cues, QUICK.from_json({**QUICK.to_json(), "preset": "veryfast"}))


def shas(plan: RenderPlan, store: FolderSegments) -> list[str]:
    return [sha(store.path(segment.key)) for segment in plan.segments]


def test_a_segment_encoded_alone_is_the_segment_encoded_in_a_run(
    reel: Reel, plan: RenderPlan, store: FolderSegments, tmp_path: Path
) -> None:
    encode_run(plan, Run(0, len(plan.segments)), reel.mezzanine, store, work=tmp_path)
    alone = FolderSegments(tmp_path / "alone")
    for number in reversed(range(len(plan.segments))):
        encode_run(plan, Run(number, number + 1), reel.mezzanine, alone, work=tmp_path)
    assert shas(plan, alone) == shas(plan, store)


def test_dirty_memory_does_not_change_a_segment(
    reel: Reel, plan: RenderPlan, store: FolderSegments, tmp_path: Path
) -> None:
    """x264's AVX-512 code reads memory that nobody wrote; we must not be using it."""
    encode_run(plan, Run(1, 2), reel.mezzanine, store, work=tmp_path)
    done = _elsewhere(
        reel, tmp_path, "encode_run(plan, Run(1, 2), mezzanine, store, work=work)", perturb="85"
    )
    assert done.returncode == 0, done.stderr
    again = FolderSegments(tmp_path / "elsewhere")
    assert sha(again.path(plan.segments[1].key)) == sha(store.path(plan.segments[1].key))


def test_segments_hold_exactly_their_frames_and_begin_with_a_key_frame(
    reel: Reel, plan: RenderPlan, store: FolderSegments, tmp_path: Path
) -> None:
    encode_run(plan, Run(0, len(plan.segments)), reel.mezzanine, store, work=tmp_path)
    for segment in plan.segments:
        packets = read_segment(store.path(segment.key))
        assert sorted(packets.shown) == list(range(segment.frames))
        assert packets.keys[0] == 0
        assert packets.shown[0] == 0


def test_runs_join_neighbours_that_are_missing_and_skip_what_is_kept(
    reel: Reel, plan: RenderPlan, store: FolderSegments, tmp_path: Path
) -> None:
    assert len(plan.segments) == 5
    assert runs(plan, store) == [Run(0, 5)]
    assert runs(plan, store, target_frames=96) == [Run(0, 2), Run(2, 4), Run(4, 5)]
    encode_run(plan, Run(2, 3), reel.mezzanine, store, work=tmp_path)
    assert missing(plan, store) == [0, 1, 3, 4]
    assert runs(plan, store) == [Run(0, 2), Run(3, 5)]


class Waiting(FolderSegments):
    """Keeps a segment, and then holds the encoder up until the render is stopped."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.kept, self.stopped = threading.Event(), threading.Event()

    def put(self, key: str, file: Path) -> None:
        super().put(key, file)
        self.kept.set()
        assert self.stopped.wait(60)


def test_a_render_cancelled_in_the_middle_resumes_to_the_same_film(
    reel: Reel, plan: RenderPlan, store: FolderSegments, tmp_path: Path
) -> None:
    build_segments(plan, reel.mezzanine, store, work=tmp_path)
    other = Waiting(tmp_path / "other")

    def stop_once_something_is_kept(permille: int, doing: str) -> None:
        if other.kept.is_set():
            other.stopped.set()
            raise Cancelled("CANCELLED", "A person stopped it.")

    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(Cancelled):
        build_segments(plan, reel.mezzanine, other, work=work, watch=stop_once_something_is_kept)
    assert list(work.iterdir()) == []
    assert 0 < len(missing(plan, other)) < len(plan.segments)
    build_segments(plan, reel.mezzanine, other, work=work, workers=2)
    assert shas(plan, other) == shas(plan, store)


def test_f1_a_worker_killed_in_the_middle_leaves_no_ffmpeg_and_resumes_to_the_same_film(
    reel: Reel, plan: RenderPlan, store: FolderSegments, tmp_path: Path
) -> None:
    encode_run(plan, Run(0, len(plan.segments)), reel.mezzanine, store, work=tmp_path)
    # The child stops itself by SIGKILL as soon as its second segment is kept.
    killed = """
        class Dying(FolderSegments):
            def put(self, key, file):
                super().put(key, file)
                if len(missing(plan, self)) == len(plan.segments) - 2:
                    import os, signal
                    os.kill(os.getpid(), signal.SIGKILL)
        store = Dying(store.folder)
        encode_run(plan, Run(0, len(plan.segments)), mezzanine, store, work=work)
    """
    done = _elsewhere(reel, tmp_path, textwrap.dedent(killed))
    assert done.returncode == -signal.SIGKILL
    for process in psutil.process_iter(["cmdline"]):
        assert str(reel.mezzanine) not in " ".join(process.info["cmdline"] or [])
    other = FolderSegments(tmp_path / "elsewhere")
    assert len(missing(plan, other)) == len(plan.segments) - 2
    build_segments(plan, reel.mezzanine, other, work=tmp_path)
    assert shas(plan, other) == shas(plan, store)


def test_f9_a_full_disk_fails_by_its_name_and_leaves_nothing_half_written(
    reel: Reel, plan: RenderPlan, tmp_path: Path
) -> None:
    limited = """
        import resource
        from workflow.errors import ToolFailed
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
        try:
            encode_run(plan, Run(0, 2), mezzanine, store, work=work)
        except ToolFailed as error:
            print(error.code)
    """
    done = _elsewhere(reel, tmp_path, textwrap.dedent(limited))
    assert done.stdout == "DISK_FULL\n", done.stderr
    assert [path for path in (tmp_path / "elsewhere").rglob("*") if path.is_file()] == []
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("exit 0", "OUTPUT_INVALID"),
        ("head -c 100000 /dev/zero", "OUTPUT_INVALID"),
        # One look of 192x108 is 62208 bytes: each row on black, then on white.
        ("head -c 30000 /dev/zero > looks.yuv", "OUTPUT_INVALID"),
        ("head -c 62208 /dev/zero > looks.yuv", "OUTPUT_INVALID"),
        ("head -c 62208 /dev/urandom > looks.yuv", "OUTPUT_INVALID"),
        ("(cat ../../look; head -c 900000 /dev/zero) > looks.yuv", "OUTPUT_INVALID"),
        ("exit 1", "FFMPEG_FAILED"),
        ("cat ../../look > looks.yuv; exit 1", "FFMPEG_FAILED"),
    ],
)
def test_f24_an_ffmpeg_that_gives_garbage_is_found_out_whatever_its_exit_status(
    script: str, code: str, make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 20, PICTURE, (192, 108))
    plan = plan_render(reel.film, [reel.cue(3, 9)], QUICK)
    rows = [b"\0" * 192 + b"\xff" * 192] * 108 + [b"\0" * 96 + b"\xff" * 96] * 108
    (tmp_path / "look").write_bytes(b"".join(rows))  # nothing is drawn
    stub = tmp_path / "ffmpeg"
    stub.write_text(f"#!/bin/sh\n{script}\n")
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(ToolFailed) as failed:
        build_segments(plan, reel.mezzanine, store, work=tmp_path, ffmpeg=str(stub))
    assert failed.value.code == code
    assert missing(plan, store) == [0]
    assert [path for path in tmp_path.iterdir() if path.name.startswith("run.")] == []


def test_f23_an_ffmpeg_that_stands_still_is_killed(
    make_reel: MakeReel, store: FolderSegments, tmp_path: Path
) -> None:
    reel = make_reel(Fraction(24), 20, PICTURE, (192, 108))
    plan = plan_render(reel.film, [reel.cue(3, 9)], QUICK)
    stub = tmp_path / "ffmpeg"
    stub.write_text("#!/bin/sh\nexec sleep 1000 > looks.yuv\n")
    stub.chmod(0o755)
    with pytest.raises(ToolFailed) as failed:
        encode_run(
            plan, Run(0, 1), reel.mezzanine, store, work=tmp_path, ffmpeg=str(stub), stall_seconds=1
        )
    assert failed.value.code == "STALLED"


def _elsewhere(
    reel: Reel, tmp_path: Path, code: str, *, perturb: str = "0"
) -> subprocess.CompletedProcess[str]:
    """Run *code* in a process of its own, with the same plan, a store in ``elsewhere`` and a work folder."""
    (tmp_path / "work").mkdir(exist_ok=True)
    prelude = f"""
from fractions import Fraction
from pathlib import Path
from tests.render.reels import QUICK, Reel
from workflow.media.facts import Film
from workflow.render.plan import plan_render
from workflow.render.run import Run, encode_run, missing
from workflow.render.segments import FolderSegments
mezzanine, work = Path({str(reel.mezzanine)!r}), Path({str(tmp_path / "work")!r})
store = FolderSegments(Path({str(tmp_path / "elsewhere")!r}))
reel = Reel({reel.film!r}, mezzanine, mezzanine, None)
cues = [reel.cue(10, 60, "Salam"), reel.cue(90, 150, "Hoş geldiňiz"), reel.cue(140, 200, "Sag boluň")]
plan = plan_render(reel.film, cues, QUICK.from_json({{**QUICK.to_json(), "preset": "veryfast"}}))
"""
    return subprocess.run(
        [sys.executable, "-c", prelude + code],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "MALLOC_PERTURB_": perturb},
        timeout=120,
    )
