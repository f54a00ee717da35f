"""The mezzanine does not depend on what the encoder's memory held before."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from workflow.cli.sample import sample_file
from workflow.media import ffmpeg
from workflow.media.ingest import ingest


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clip") / "clip.mp4"
    whole = ["-i", str(sample_file("rights.mp4")), "-t", "5", "-c", "copy", str(out)]
    ffmpeg.run_ffmpeg(whole)
    return out


def test_dirty_memory_leaves_no_trace_in_the_mezzanine(clip, tmp_path, monkeypatch) -> None:
    """x264's AVX-512 code reads memory that nobody wrote; MALLOC_PERTURB_ fills it with other bytes."""
    hashes = set()
    launcher = tmp_path / "ffmpeg"
    for fill in ("0", "77", "165"):
        launcher.write_text(
            f'#!/bin/sh\nMALLOC_PERTURB_={fill} exec "{ffmpeg.find_ffmpeg()}" "$@"\n'
        )
        launcher.chmod(0o755)
        work = tmp_path / fill
        work.mkdir()
        made = ingest(clip, work, ffmpeg=str(launcher))
        hashes.add(hashlib.sha256(made.files["mezzanine"].read_bytes()).hexdigest())
    assert len(hashes) == 1
