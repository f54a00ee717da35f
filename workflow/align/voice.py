"""The Silero voice-activity model (MIT), its forward pass as a few large matrix products in numpy.

A hop is 512 samples at 16 kHz, heard with the 64 before it: the magnitudes of four spectra, four convolutions,
one LSTM, one output. Only the LSTM remembers. So all before it goes over hundreds of hops at once, and the LSTM goes
through many stretches of a film side by side. Weights: data/SOURCES.md; why not onnxruntime:
docs/decisions/0012-voice-model-in-numpy.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workflow.errors import ToolMissing

SAMPLE_RATE = 16_000
HOP_SAMPLES = 512
CONTEXT_SAMPLES = 64  # of the hop before, which the model wants again
WIDTH = 128  # of what is known of a hop, and of what the LSTM remembers

WEIGHTS = Path(__file__).parent / "data" / "silero_vad.npy"
# As they lie in the file one after another. Rows are inputs: of a convolution, those of its first tap first; of the
# LSTM, the hop, what was before, and 1. Its columns are four gates: let in, keep, let out, what is new.
SHAPES = (
    *((3 * 129, 128), (128,), (3 * 128, 64), (64,), (2 * 64, 64), (64,), (64, 128), (128,)),
    *((2 * WIDTH + 1, 4 * WIDTH), (WIDTH,), (1,)),
)

# 5 s: after 4 s no voice of two films began 20 ms elsewhere than in an unbroken run
RUN_UP_HOPS = 160

Floats = npt.NDArray[np.float32]

_SPECTRUM, _SPECTRA, _BINS = 256, 4, 129
_AT_ONCE = 256  # hops: their spectra stay in a core's own cache


class VoiceModel:
    """The model, ready to listen. Raises ToolMissing VOICE_MODEL_MISSING."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        try:
            stored = np.load(weights)
        except OSError:
            raise ToolMissing(
                "VOICE_MODEL_MISSING",
                f"The Silero voice-activity model, {weights.name}, is not installed.",
                advice="Install Terjime again: the file is part of it.",
            ) from None
        ends = np.cumsum([np.prod(shape) for shape in SHAPES])
        parts = np.split(stored, ends[:-1])
        shaped = [part.reshape(shape) for part, shape in zip(parts, SHAPES, strict=True)]
        self._convolutions = [(shaped[i], shaped[i + 1]) for i in (0, 2, 4, 6)]
        self._recurrent, self._out, self._out_bias = shaped[8:]
        self._recurrent[:, : 3 * WIDTH] *= 0.5  # the halves of `listen`'s sigmoids
        # Memory that is asked for and given back for every block would cost as much as the work in it.
        self._framed = np.empty((_AT_ONCE, _SPECTRA, _SPECTRUM), np.float32)
        self._spectra = np.empty((_AT_ONCE, _SPECTRA, _BINS), np.complex64)
        self._loud = np.empty((_AT_ONCE, _SPECTRA * _BINS), np.float32)
        self._first = np.empty((_AT_ONCE, 4 * 128), np.float32)
        self._second = np.empty((_AT_ONCE, 2 * 64), np.float32)
        turn = np.arange(_SPECTRUM) * (2 * np.pi / _SPECTRUM)
        hann = 0.5 - 0.5 * np.cos(turn)
        self._window = (hann * _SPECTRUM).astype(np.float32)

    def features(self, samples: Floats) -> Floats:
        """What the model knows of each hop by itself: float32[n, 128].

        samples  float32[64 + 512 n], -1 to 1: the hops, and the context of the first
        """
        count = (len(samples) - CONTEXT_SAMPLES) // HOP_SAMPLES
        found = np.empty((count, WIDTH), np.float32)
        for at in range(0, count, _AT_ONCE):
            some = found[at : at + _AT_ONCE]
            self._encode(samples[at * HOP_SAMPLES :], some)
        return found

    def _encode(self, samples: Floats, out: Floats) -> None:
        count = len(out)
        step = samples.itemsize

        def heard(begin: int, *shape: int) -> Floats:  # by hop, spectrum, sample
            strides = (HOP_SAMPLES * step, _SPECTRUM // 2 * step, step)
            return np.lib.stride_tricks.as_strided(
                samples[begin:], (count, *shape), strides, writeable=False
            )

        framed, loud = self._framed[:count], self._loud[:count]
        first, second = self._first[:count], self._second[:count]
        spectra: Any = self._spectra[:count]  # numpy's own types know double precision only
        np.multiply(heard(0, 3, _SPECTRUM), self._window, out=framed[:, :3])
        # the last reaches 64 samples past the hop, where the sound is mirrored
        np.multiply(heard(384, 1, 192)[:, 0], self._window[:192], out=framed[:, 3, :192])
        mirrored = heard(511, 1, 64)[:, 0, ::-1]
        np.multiply(mirrored, self._window[192:], out=framed[:, 3, 192:])
        # numpy keeps to single precision only where it has to scale; the window makes up for it
        np.fft.rfft(framed, norm="forward", out=spectra)
        np.abs(spectra, out=loud.reshape(spectra.shape))

        # Convolutions over 4 spectra, in steps of 1, 2, 2, 1; where a tap lies outside them it is left out.
        (w, b), (w2, b2), (w3, b3), (w4, b4) = self._convolutions
        n = _BINS
        np.matmul(loud[:, : 2 * n], w[n:], out=first[:, :128])
        np.matmul(loud[:, : 3 * n], w, out=first[:, 128:256])
        np.matmul(loud[:, n:], w, out=first[:, 256:384])
        np.matmul(loud[:, 2 * n :], w[: 2 * n], out=first[:, 384:])
        _relu(first.reshape(-1, 128), b)
        np.matmul(first[:, :256], w2[128:], out=second[:, :64])
        np.matmul(first[:, 128:], w2, out=second[:, 64:])
        _relu(second.reshape(-1, 64), b2)
        third = _relu(second @ w3, b3)
        _relu(np.matmul(third, w4, out=out), b4)

    def listen(self, features: Floats, run_up: int, stretches: int) -> Floats:
        """Probability of speech, 0 to 1, of every hop but the first *run_up*, which only prepare.

        features   float32[n, 128]
        run_up     0: the film begins here, and the model has heard nothing
        stretches  heard side by side, each from RUN_UP_HOPS before it
        """
        wanted = len(features) - run_up
        length = -(-wanted // stretches)
        lead = RUN_UP_HOPS if stretches > 1 else run_up
        padded = np.zeros((lead + stretches * length, WIDTH), np.float32)
        padded[lead - run_up :][: len(features)] = features
        size, row = padded.itemsize, padded.strides[0]
        heard = np.lib.stride_tricks.as_strided(
            padded, (lead + length, stretches, WIDTH), (row, length * row, size), writeable=False
        )
        known = np.ones((stretches, 2 * WIDTH + 1), np.float32)
        hop, before = known[:, :WIDTH], known[:, WIDTH:-1]
        before[:] = 0
        memory = np.zeros((stretches, WIDTH), np.float32)
        gates = np.empty((stretches, 4 * WIDTH), np.float32)
        let_in, keep, let_out, new = (gates[:, i * WIDTH :][:, :WIDTH] for i in range(4))
        doors = gates[:, : 3 * WIDTH]
        told = np.empty((length, stretches), np.float32)
        positive = np.empty((stretches, WIDTH), np.float32)
        for step, hops in enumerate(heard, start=-lead):
            if step == -run_up:  # the first stretch has nothing before this
                before[0] = memory[0] = 0
            hop[:] = hops
            np.matmul(known, self._recurrent, out=gates)
            np.tanh(gates, out=gates)
            doors += 1  # sigmoid(x) is (1 + tanh(x / 2)) / 2
            doors *= 0.5
            new *= let_in
            memory *= keep
            memory += new
            np.tanh(memory, out=before)
            before *= let_out
            if step >= 0:
                np.matmul(np.maximum(before, 0, out=positive), self._out, out=told[step])
        told += self._out_bias
        probabilities: Floats = np.reciprocal(1 + np.exp(-told.T.ravel()[:wanted]))
        return probabilities


def _relu(values: Floats, bias: Floats) -> Floats:
    values += bias
    return np.maximum(values, 0, out=values)
