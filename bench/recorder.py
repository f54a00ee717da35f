"""Lines recorded in a real Chromium with a microphone that plays a file: what is kept of it, and where it lies.

    python bench/recorder.py [--rounds 4] [--out FILE]

Each round is the two browser tests of the dub studio, which say what they measured: three lines recorded by
keys, every window of the recording laid beside what the microphone played (a sample that fell out is a break);
and a line spoken at a known moment after the delay was measured, 116.3 ms of it made by the test.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ARTEFACTS = ROOT / "tests" / "artefacts" / "pages"
TESTS = ROOT / "tests" / "browser" / "test_studio.py"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--rounds", type=int, default=4)
    arguments.add_argument("--out", type=Path, default=ROOT / "bench/results/recorder.json")
    given = arguments.parse_args()
    takes: list[dict[str, Any]] = []
    places: list[dict[str, Any]] = []
    for _ in range(given.rounds):
        subprocess.run([sys.executable, "-m", "pytest", "-q", str(TESTS)], check=True, cwd=ROOT)
        takes += json.loads((ARTEFACTS / "studio-samples.json").read_text())
        places.append(json.loads((ARTEFACTS / "studio-place.json").read_text()))
    silent = [take for take in takes if take["fell_out"] and not take["missing"]]
    whole = [take for take in takes if not take["fell_out"]]
    timed = [abs(place["late_ms"]) for place in places if not place["missing"]]
    table = [
        row(
            "takes with every sample, or that say that some are missing",
            "all",
            f"{len(takes) - len(silent)} of {len(takes)} (whole: {len(whole)})",
            met=not silent,
        ),
        row(
            "place after calibration and onset snap",
            "≤ 15 ms",
            f"{max(timed, default=0):.1f} ms at most of {len(timed)}",
            met=bool(timed) and max(timed) <= 15,
        ),
    ]
    result = {
        "command": " ".join(["python", "bench/recorder.py", *sys.argv[1:]]),
        "machine": {"cpus": os.cpu_count(), "load": round(os.getloadavg()[0], 1)},
        "table": table,
        "takes": takes,
        "places": places,
    }
    given.out.write_text(json.dumps(result, indent=1) + "\n")
    print("\n| what | goal | measured | |\n|---|---|---|---|")
    for line in table:
        print("| " + " | ".join(line.values()) + " |")


def row(what: str, goal: str, measured: str, *, met: bool) -> dict[str, str]:
    return {"what": what, "goal": goal, "measured": measured, "met": "met" if met else "not met"}


if __name__ == "__main__":
    main()
