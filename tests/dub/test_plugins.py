"""Each kind of model, proven by a tiny real program in a model folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.dub.films import read_sound
from workflow.cli.dub import dub
from workflow.dub.plugins import Kind, Model, Plugin, find_model, models_in, tick_licence, ticks_in
from workflow.dub.sound import RATE, write_wav
from workflow.dub.voice import speak
from workflow.errors import BadInput, NotAllowed, NotFound, ToolFailed
from workflow.media.process import GIB, Limits

START = """
import json, sys, wave
from pathlib import Path
import numpy as np
request, work = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
def read(path):
    import av
    with av.open(path) as file:
        return np.concatenate([f.to_ndarray() for f in file.decode(audio=0)], 1).reshape(-1) / 2**31
def write(name, samples, rate, channels=1):
    with wave.open(str(work / name), "wb") as out:
        out.setnchannels(channels); out.setsampwidth(2); out.setframerate(rate)
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
def answer(**body):
    (work / "answer.json").write_text(json.dumps(body))
"""
PROGRAMS: dict[Kind, str] = {
    # espeak-ng, as any other voice would be called
    "tts": """
sys.path.insert(0, json.loads(Path("package.json").read_text()))
from workflow.dub.voice import speak
said = speak(request["text"], request["language"], words_per_minute=request["words_per_minute"])
write("sound.wav", said.samples, said.rate)
""",
    # middle and sides
    "separation": """
both = read(request["sound"]).reshape(-1, 2)
middle = both.mean(1, keepdims=True).repeat(2, 1)
write("voice.wav", middle.reshape(-1), 48000, 2)
write("rest.wav", (both - middle).reshape(-1), 48000, 2)
""",
    "mt": """
words = {"people": "adamlar", "protect": "goramak"}
answer(texts=[" ".join(words.get(w, w) for w in t.split()) for t in request["texts"]])
""",
    # the word whose template is as long as what is heard
    "asr": """
seconds = len(read(request["sound"])) / 48000
templates = json.loads(Path("templates.json").read_text())
answer(text=min(templates, key=lambda word: abs(templates[word] - seconds)))
""",
}


def place(
    models: Path, kind: Kind, program: str, licence: str = "MIT", **files: str
) -> tuple[Model, Plugin]:
    folder = models / kind / "tiny"
    folder.mkdir(parents=True)
    written = {"run.py": START + program} | {f"{k}.json": v for k, v in files.items()}
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    body = {
        "name": "tiny", "version": "1", "licence": licence, "source": "these tests",
        "languages": ["tk"], "program": "run.py",
        "sha256": {n: hashlib.sha256(t.encode()).hexdigest() for n, t in written.items()},
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps(body))
    model = find_model(models, kind, "tiny")
    return model, Plugin(models, model)


def test_a_voice_says_a_line(tmp_path: Path) -> None:
    package = json.dumps(str(Path(__file__).parents[2]))
    _, plugin = place(tmp_path, "tts", PROGRAMS["tts"], package=package)
    said = plugin.say("Biz olary goramaly", "tk")
    own = speak("Biz olary goramaly", "tk")
    assert said.seconds == pytest.approx(len(own.samples) / own.rate, abs=0.01)
    assert np.abs(said.samples).max() > 0.1


def test_a_separation_gives_voice_and_rest_of_the_same_length(tmp_path: Path) -> None:
    _, plugin = place(tmp_path / "models", "separation", PROGRAMS["separation"])
    both = np.random.default_rng(0).normal(0, 0.1, (RATE, 2)).astype(np.float32)
    write_wav(tmp_path / "film.wav", both)
    voice, rest = plugin.split(tmp_path / "film.wav", tmp_path)
    assert np.allclose(read_sound(voice) + read_sound(rest), both, atol=1e-3)


def test_a_translation_gives_one_text_for_each(tmp_path: Path) -> None:
    _, plugin = place(tmp_path, "mt", PROGRAMS["mt"])
    assert plugin.translate(["protect people", "x"], "en", "tk") == ["goramak adamlar", "x"]


def test_a_recogniser_says_what_it_hears(tmp_path: Path) -> None:
    templates = json.dumps({"hawa": 0.5, "ynsan hukuklary": 2.0})
    _, plugin = place(tmp_path, "asr", PROGRAMS["asr"], templates=templates)
    assert plugin.hear(np.zeros(round(1.9 * RATE), np.float32), "tk") == "ynsan hukuklary"


@pytest.mark.parametrize("licence", ["CC-BY-NC-4.0", "Non-commercial", "research only"])
def test_a_non_commercial_licence_needs_a_tick_that_is_recorded(
    tmp_path: Path, licence: str
) -> None:
    model, plugin = place(tmp_path, "mt", PROGRAMS["mt"], licence)
    with pytest.raises(NotAllowed) as refused:
        plugin.translate(["people"], "en", "tk")
    assert refused.value.code == "LICENCE_NOT_TICKED"
    tick_licence(tmp_path, model, "Aýna")
    assert plugin.translate(["people"], "en", "tk") == ["adamlar"]
    assert plugin.tick == ticks_in(tmp_path)[0]
    assert (plugin.tick.by, plugin.tick.licence) == ("Aýna", licence)


def test_a_file_that_was_changed_is_not_run(tmp_path: Path) -> None:
    model, plugin = place(tmp_path, "mt", PROGRAMS["mt"])
    (model.folder / "run.py").write_text("answer(texts=[])")
    with pytest.raises(BadInput) as refused:
        plugin.translate(["people"], "en", "tk")
    assert refused.value.code == "MODEL_BROKEN"


@pytest.mark.parametrize(
    "program",
    ["bytearray(2 << 30)", "while True: pass", "sys.exit(3)", "answer(texts=[])", "answer(texts=[1])"],
)  # fmt: skip
def test_what_takes_too_much_or_answers_nonsense_is_a_coded_failure(
    tmp_path: Path, program: str
) -> None:
    model, _ = place(tmp_path, "mt", program)
    plugin = Plugin(tmp_path, model, limits=Limits(memory_bytes=GIB, cpu_seconds=2))
    with pytest.raises(ToolFailed) as failed:
        plugin.translate(["people"], "en", "tk")
    assert failed.value.code == "MODEL_FAILED"


def test_models_that_are_not_there_or_badly_described_are_told(tmp_path: Path) -> None:
    place(tmp_path, "mt", PROGRAMS["mt"])
    (tmp_path / "tts" / "half").mkdir(parents=True)
    (tmp_path / "tts" / "half" / "model.json").write_text('{"name": "half"}')
    good, bad = models_in(tmp_path)
    assert [model.name for model in good] == ["tiny"]
    assert [(error.code, error.where) for error in bad] == [("MODEL_BROKEN", "tts/half/model.json")]
    with pytest.raises(NotFound):
        find_model(tmp_path, "asr", "tiny")


def test_the_command_lists_models_and_records_a_tick(tmp_path: Path) -> None:
    place(tmp_path, "mt", PROGRAMS["mt"], "CC-BY-NC-4.0")
    run = CliRunner()
    listed = run.invoke(dub, ["plugins", "--models", str(tmp_path)])
    assert "mt/tiny 1, CC-BY-NC-4.0: not ticked" in listed.output
    ticked = run.invoke(
        dub, ["plugins", "--models", str(tmp_path), "--tick", "mt/tiny", "--by", "A"]
    )
    assert "ticked by A" in ticked.output
    assert [tick.by for tick in ticks_in(tmp_path)] == ["A"]
