"""What makes x264 write the same bytes on every machine and at every time."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def repeatable_instructions() -> str:
    """For the end of an x264 parameter string: x264 without AVX-512, whose macroblock tree reads memory that nobody wrote.

    Its output then changes with what the process did before (seen with x264 of FFmpeg 9 and PyAV 18:
    MALLOC_PERTURB_ alone changes the bytes). From SSSE3 to AVX2 the bytes are the same.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text().partition("\nflags")[2].partition("\n")[0].split()
    except OSError:
        return ""
    return ":asm=avx2" if "avx512f" in flags else ""
