"""What a far worker fetches to encode 20 s of a 20-minute film from a real S3 server, beside the whole film.

    python bench/storage.py [--out FILE]

The mezzanine is the sample film's picture in groups of two seconds, copied end to end to twenty minutes.
For stretches at its start, middle and end: bytes and requests, and whether ffmpeg decodes the same pictures
from the file with holes as from the whole.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import av

from workflow.media.ffmpeg import find_ffmpeg
from workflow.media.index import READ_ON_FRAMES, index_film
from workflow.store.cache import BlobCache
from workflow.store.s3 import Place, S3Blobs

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.s3 import KEYS, s3_server  # noqa: E402

SECONDS, RUN_FRAMES = 1200, 480


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=ROOT / "bench/results/storage.json")
    out: Path = parser.parse_args().out
    os.environ.update(KEYS)
    with tempfile.TemporaryDirectory() as name, s3_server(Path(name) / "s3") as server:
        film = mezzanine(Path(name))
        index = index_film(film)
        total = frames_of(film)
        blobs = S3Blobs(Place.of(server.url("bench")), BlobCache(Path(name) / "first", 1 << 40))
        kept = film.with_name("kept.mp4")
        os.link(film, kept)
        begun = time.monotonic()
        sha256, size = blobs.publish(film)
        result: dict[str, Any] = {
            "command": "python bench/storage.py",
            "film": {"frames": total, "bytes": size, "groups": len(index.gops)},
            "index_bytes": len(index.to_bytes()),
            "publish_seconds": round(time.monotonic() - begun, 2),
            "read_on_frames": READ_ON_FRAMES,
            "runs": [],
        }
        for number, first in enumerate((0, total // 2 // 48 * 48, (total - RUN_FRAMES) // 48 * 48)):
            far = S3Blobs(
                Place.of(server.url("bench")), BlobCache(Path(name) / f"far{number}", 1 << 40)
            )
            requests = [0]
            far._client.meta.events.register(
                "before-send.s3.GetObject", lambda n=requests, **_: n.__setitem__(0, n[0] + 1)
            )
            begun = time.monotonic()
            part = far.partial(sha256, index.blocks, index.ranges(first, first + RUN_FRAMES))
            seconds = time.monotonic() - begun
            fetched = part.stat().st_blocks * 512
            result["runs"].append(
                {
                    "first": first,
                    "frames": RUN_FRAMES,
                    "bytes": fetched,
                    "of_the_film": round(fetched / size, 4),
                    "requests": requests[0],
                    "seconds": round(seconds, 3),
                    "same_pictures": pictures(part, first) == pictures(kept, first),
                }
            )
            far.close()
        blobs.close()
    out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def mezzanine(folder: Path) -> Path:
    once, film = folder / "once.mp4", folder / "mezzanine.mp4"
    ffmpeg = [find_ffmpeg(), "-v", "error"]
    subprocess.run(
        [
            *(*ffmpeg, "-i", str(ROOT / "samples/rights.mp4"), "-t", "60", "-an"),
            *("-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-pix_fmt", "yuv420p"),
            *("-r", "24", "-g", "48", "-keyint_min", "48", "-sc_threshold", "0"),
            *("-flags", "+cgop", str(once)),
        ],
        check=True,
    )
    subprocess.run(
        [
            *(*ffmpeg, "-stream_loop", "-1", "-i", str(once), "-t", str(SECONDS), "-c", "copy"),
            *("-movflags", "+faststart", str(film)),
        ],
        check=True,
    )
    return film


def frames_of(film: Path) -> int:
    with av.open(str(film)) as media:
        return media.streams.video[0].frames


def pictures(film: Path, first: int) -> bytes:
    run = subprocess.run(
        [
            *(find_ffmpeg(), "-v", "error", "-xerror", "-threads", "1", "-ss", f"{first / 24:.6f}"),
            *("-i", str(film), "-frames:v", str(RUN_FRAMES), "-fps_mode", "passthrough"),
            *("-f", "framemd5", "-"),
        ],
        check=True,
        capture_output=True,
    )
    return run.stdout


if __name__ == "__main__":
    main()
