"""The loudness of a mix drawn over its time."""

from __future__ import annotations

import numpy as np

from workflow.dub.loudness import CELL, loudness_of
from workflow.dub.mix import Cells, Target


def loudness_plot(cells: Cells, target: Target) -> str:
    """Short-term loudness (3 s, BS.1770-4) over time against the target, as SVG."""
    width, height, low, high = 960, 240, -60.0, 0.0
    power = (
        np.convolve(cells, np.ones(30), "valid") / (30 * CELL) if len(cells) >= 30 else cells[:0]
    )
    step = max(1, len(power) // width)
    levels = [max(low, min(high, loudness_of(float(p)))) for p in power[::step]]

    def y(level: float) -> float:
        return round(height * (high - level) / (high - low), 1)

    points = " ".join(
        f"{width * n / max(1, len(levels) - 1):.1f},{y(level)}" for n, level in enumerate(levels)
    )
    grid = "".join(
        f'<path d="M0 {y(n)}H{width}" stroke="#ccc"/><text x="4" y="{y(n) - 3}" font-size="11" fill="#666">{n} LUFS</text>'
        for n in range(-50, 0, 10)
    )
    goal = f'<path d="M0 {y(target.lufs)}H{width}" stroke="#0a7" stroke-dasharray="6 4"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">'
        f'<rect width="{width}" height="{height}" fill="#fff"/>{grid}{goal}'
        f'<polyline points="{points}" fill="none" stroke="#225ea8"/></svg>\n'
    )
