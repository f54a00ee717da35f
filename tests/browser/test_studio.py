"""The dub studio in a real Chromium with a microphone that plays a file: recorded, located, confirmed, approved."""

from __future__ import annotations

import json
import shutil
import subprocess
import wave
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import ARTEFACTS, CHECKOUT, PASSWORD, SignIn, World, run_jobs
from tests.browser.test_pages import settle, sideways, violations
from tests.builders import srt
from workflow import stages
from workflow.dub.sound import read_recording
from workflow.store.tables import Take
from workflow.timebase import FLICKS_PER_SECOND

pytestmark = pytest.mark.browser

RATE = 48_000
SAMPLES = CHECKOUT / "samples"
#: Which readings of the sample stand in the long recording, one after the other. Line 3 occurs twice in the
#: script, so both are to be confirmed; line 5 is read twice.
READ = (1, 2, 3, 4, 5, 5, 3)
LINES = (1, 2, 3, 4, 5, 3)
STARTS = (1.5, 6.0, 8.5, 11.5, 14.0, 17.0)
LENGTHS = (3.5, 2.0, 2.0, 2.0, 2.5, 2.0)


@dataclass(frozen=True)
class Dub:
    track: str
    script: str
    film: str
    long: Path
    microphone: Path


def sound_of(line: int, readings: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    truth = json.loads((SAMPLES / "rights.tk.truth.json").read_text())
    row = next(row for row in truth if row["line"] == line)
    return readings[int((row["start"] - 0.05) * RATE) : int((row["end"] + 0.05) * RATE)]


def write(path: Path, sound: np.ndarray[Any, Any]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def dub(world: World, tmp_path_factory: pytest.TempPathFactory) -> Dub:
    """A film of 20 s with six lines to be spoken, and what a microphone hears."""
    folder = tmp_path_factory.mktemp("studio")
    film = folder / "lesson.mp4"
    subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-t", "20"),
            *("-i", SAMPLES / "rights.mp4", "-vf", "scale=160:120,fps=12"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-g", "12", "-c:a", "aac", film),
        ],
        check=True,
    )
    team = world.team
    made = stages.add_film_file(world.house, team.producer, team.project_id, film, "lesson.mp4")
    script = (SAMPLES / "rights.tk.unaligned.srt").read_text("utf-8").strip().split("\n\n")
    texts = [" ".join(block.split("\n")[2:]) for block in script]
    track = stages.import_track(
        world.house,
        team.translator,
        made.id,
        srt(
            *(
                (start, start + length, texts[line - 1])
                for start, length, line in zip(STARTS, LENGTHS, LINES, strict=True)
            )
        ),
        name="lesson.srt",
        language="tk",
    ).summary.id
    created = stages.create_dub(world.house, team.translator, made.id, track)
    for _ in range(300):
        if stages.film_view(world.house, made.id).state == "ready":
            break
        run_jobs(world.house)
    readings = read_recording(SAMPLES / "rights.tk.flac").samples
    noise = np.random.default_rng(7).standard_normal(40 * RATE).astype(np.float32) * 0.002
    pause = np.zeros(RATE // 2, np.float32)
    long = np.concatenate([np.concatenate([pause, sound_of(n, readings), pause]) for n in READ])
    heard = noise.copy()
    heard += readings[: len(heard)] * 0.8
    return Dub(
        created.track,
        track,
        made.id,
        write(folder / "long.wav", long + noise[: len(long)]),
        write(folder / "microphone.wav", heard),
    )


@pytest.fixture
def studio(browser: Browser, world: World, dub: Dub) -> Iterator[BrowserContext]:
    """A browser whose microphone plays the file; nobody is asked for leave."""
    chromium = browser.browser_type.launch(
        executable_path=shutil.which("chromium"),
        args=[
            "--no-sandbox",
            "--mute-audio",
            "--autoplay-policy=no-user-gesture-required",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={dub.microphone}",
        ],
    )
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, base_url=world.address)
    context.grant_permissions(["microphone"])
    yield context
    chromium.close()


def signed_in(context: BrowserContext, name: str) -> Page:
    page = context.new_page()
    page.set_default_timeout(20_000)
    context.clear_cookies()
    page.goto("/sign-in")
    page.fill("#email", f"{name}@example.org")
    page.fill("#password", PASSWORD)
    page.click("button.primary")
    page.wait_for_url("**/")
    return page


def shots(page: Page, name: str, *schemes: str) -> None:
    """Phone and desktop, in these themes or in both."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for width, scheme in product((390, 1280), schemes or ("light", "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.screenshot(
            path=ARTEFACTS / f"{name}-{width}-{scheme}.jpeg", quality=70, full_page=True
        )
        assert sideways(page) <= 0, f"{name} at {width} px"
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")


def takes_in(world: World, track: str) -> list[Take]:
    from sqlalchemy import select

    with world.house.read() as session:
        found = list(session.scalars(select(Take).where(Take.track_id == track)))
        session.expunge_all()
    return found


def breaks_in(recorded: np.ndarray[Any, Any], spoken: np.ndarray[Any, Any]) -> list[int]:
    """Samples that fell out of *recorded* beside *spoken*, which is played round and round.

    Windows are laid where they are most alike, loud or not; the loudest one says where to begin.
    """
    around = np.concatenate([spoken, spoken[: 20 * RATE]]).astype(np.float64)
    power = np.cumsum(np.concatenate([[0.0], around**2]))
    size = 8192

    def alike(piece: np.ndarray[Any, Any], low: int, high: int) -> int:
        beside = around[low : high + size]
        padded = 1 << (len(beside) + size).bit_length()
        dots = np.fft.irfft(
            np.fft.rfft(beside, padded) * np.conj(np.fft.rfft(piece, padded)), padded
        )[: high - low]
        return low + int(
            np.argmax(dots / np.sqrt(power[low + size : high + size] - power[low:high]))
        )

    places = range(RATE // 4, len(recorded) - size, size)
    loudest = max(places, key=lambda at: float(np.sum(recorded[at : at + size] ** 2)))
    shift = alike(recorded[loudest : loudest + size], 0, len(around) - size) - loudest
    shifts = []
    for at in places:
        low = max(0, at + shift - 2400)
        shifts.append(alike(recorded[at : at + size], low, low + 4800) - at)
    return [b - a for a, b in pairwise(shifts) if abs(b - a) > 2]


def recording_of(world: World, take: Take) -> np.ndarray[Any, Any]:
    from workflow.store.tables import Recording

    with world.house.read() as session:
        row = session.get(Recording, take.recording_id)
        assert row is not None
        sha256 = row.sha256
    return read_recording(world.house.blobs.existing(sha256)).samples


def test_a_dub_is_recorded_located_confirmed_approved_and_delivered(
    studio: BrowserContext, world: World, dub: Dub
) -> None:
    page = signed_in(studio, "ayna")
    page.goto(f"/tracks/{dub.track}/studio")
    settle(page)
    shots(page, "studio-empty", "dark")

    # Three lines by keys: R records and stops by itself, J goes on.
    for number in (1, 2, 3):
        expect(page.locator("[aria-current=true] .cue-number")).to_have_text(str(number))
        page.keyboard.press("r")
        expect(page.locator(".streamer")).to_be_visible()
        if number == 2:
            page.wait_for_timeout(2500)
            page.screenshot(path=ARTEFACTS / "studio-recording.jpeg", quality=70)
        expect(page.locator(".studio-take")).to_have_count(1, timeout=20_000)
        page.keyboard.press("Escape")
        if number < 3:
            page.keyboard.press("j")
    spoken = read_recording(dub.microphone).samples
    takes = takes_in(world, dub.track)
    assert len(takes) == 3
    kept = [
        {"fell_out": breaks_in(recording_of(world, take), spoken), "missing": take.missing_samples}
        for take in takes
    ]
    (ARTEFACTS / "studio-samples.json").write_text(json.dumps(kept))
    assert all(not take["fell_out"] or take["missing"] > 0 for take in kept), kept
    shots(page, "studio-recorded")
    assert violations(page) == []

    # Text and syllables: the take says other words then.
    page.keyboard.press("e")
    page.locator("#line-text").fill("Biz olary hemişe we hemme ýerde goramaly hem-de hormatlamaly.")
    expect(page.locator("#line-counts")).to_contain_text("cut")
    page.keyboard.press("Escape")
    expect(page.locator(".studio-take")).to_contain_text("other words")
    page.locator("#line-text").fill("Biz olary goramaly.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".studio-take")).not_to_contain_text("other words")

    # A line in two at the cursor, two lines in one: keys, nothing lost, all taken back.
    lines, takes_shown = page.locator(".studio-line"), page.locator(".studio-take")
    page.locator("#line-text").fill("Biz olary goramaly.")
    page.keyboard.press("Home")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Alt+s")
    expect(lines).to_have_count(len(LINES) + 1)
    expect(page.locator("#line-text")).to_have_value("Biz")
    expect(takes_shown).to_contain_text("other words")
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    expect(lines).to_have_count(len(LINES))
    expect(page.locator(".studio-take.is-chosen")).to_have_count(1)
    page.keyboard.press("k")
    page.keyboard.press("Alt+m")
    expect(lines).to_have_count(len(LINES) - 1)
    expect(takes_shown).to_have_count(2)
    expect(takes_shown.last).to_contain_text("take of a joined line")
    shots(page, "studio-joined", "light")
    page.keyboard.press("u")
    expect(lines).to_have_count(len(LINES))
    page.keyboard.press("j")
    expect(page.locator(".studio-take.is-chosen")).to_have_count(1)
    page.set_input_files("#take-file", str(dub.microphone))
    expect(takes_shown).to_have_count(2)
    expect(page.locator(".studio-take.is-chosen")).to_have_count(1)

    # The long recording; what is not sure is heard and decided on by keys.
    page.goto(f"/tracks/{dub.track}/confirm")
    settle(page)
    page.set_input_files("#long-file", str(dub.long))
    expect(page.locator(".doubt").first).to_be_visible(timeout=40_000)
    settle(page)
    shots(page, "studio-confirm")
    assert violations(page) == []
    doubtful = page.locator(".doubt")
    count = doubtful.count()
    page.keyboard.press("Shift+BracketLeft")
    expect(page.locator(".doubt.is-here")).to_contain_text("edges moved")
    page.keyboard.press("Enter")
    expect(doubtful).to_have_count(count - 1)
    page.keyboard.press("u")
    expect(doubtful).to_have_count(count)
    page.keyboard.press("Enter")
    expect(doubtful).to_have_count(count - 1)
    if count > 1:
        page.keyboard.press("Enter")
        expect(doubtful).to_have_count(count - 2)
    for _ in range(count - 2):
        page.keyboard.press("x")
        page.wait_for_timeout(300)

    # A mix of one line, heard; then all of it is submitted.
    page.goto(f"/tracks/{dub.track}/studio")
    settle(page)
    with page.expect_response("**/dub/preview?*") as previewed:
        page.keyboard.press("p")
    assert previewed.value.ok, previewed.value.text()
    page.keyboard.press("Escape")
    shots(page, "studio-located", "light")
    page.goto(f"/tracks/{dub.track}/sheet")
    shots(page, "studio-sheet", "light")
    page.emulate_media(media="print")
    page.screenshot(path=ARTEFACTS / "studio-sheet-print.jpeg", quality=70, full_page=True)
    page.emulate_media(media="screen")
    page.goto(f"/tracks/{dub.track}/studio")
    settle(page)
    page.click("[data-open=submit-dialog]")
    page.check("#submit-form [name=acknowledge]")
    page.click("#submit-form button.primary")
    page.wait_for_url("**/versions/*")
    version = page.url.rsplit("/", 1)[1]

    # A second person approves over the mix that was made.
    for _ in range(300):
        builds = stages.review_view(world.house, version, world.team.reviewer).version.builds
        if builds and builds[0].build_hash:
            break
        page.wait_for_timeout(200)
    page.close()
    page = signed_in(studio, "murat")
    page.goto(f"/versions/{version}")
    settle(page)
    shots(page, "studio-review", "light")
    page.click("button[value=approved]")
    expect(page.locator(".state.tone-approved").first).to_be_visible()
    assert stages.review_view(world.house, version, world.team.reviewer).version.state == "approved"

    # The producer renders it and takes the stems.
    page.close()
    page = signed_in(studio, "jeren")
    stages.start_render(world.house, world.team.producer, version, None)
    for _ in range(300):
        renders = stages.review_view(world.house, version, world.team.producer).version.renders
        if renders and renders[0].sha256:
            break
        page.wait_for_timeout(200)
    page.goto(f"/tracks/{dub.track}/delivery")
    settle(page)
    shots(page, "studio-delivery", "dark")
    page.click(f"a[href='/renders/{renders[0].id}/stems']")
    page.get_by_role("button", name="Make the stems").click()
    download = page.locator("a[download]")
    expect(download).to_be_visible(timeout=30_000)
    shots(page, "studio-stems", "dark")
    with page.expect_download() as waiting:
        download.click()
    archive_file = Path(waiting.value.path())
    with zipfile.ZipFile(archive_file) as archive:
        assert archive.testzip() is None
        assert any(name.endswith("dialogue.wav") for name in archive.namelist())


#: A room in which everything that is played comes back to the microphone 116.3 ms later, and a speaker who begins
#: exactly one second after the third beep. The microphone is the room's, all else is the browser's own.
ROOM = """
const connect = AudioNode.prototype.connect
const start = AudioBufferSourceNode.prototype.start
let room = null
let beeps = 0
navigator.mediaDevices.getUserMedia = async () => room.stream
window.AudioContext = class extends AudioContext {
  constructor(options) {
    super(options)
    const delay = new DelayNode(this, { delayTime: 0.1163 })
    room = this.createMediaStreamDestination()
    connect.call(delay, room)
    AudioNode.prototype.connect = function (to, ...rest) {
      if (to === delay.context.destination) connect.call(this, delay)
      return connect.call(this, to, ...rest)
    }
  }
}
AudioBufferSourceNode.prototype.start = function (when, ...rest) {
  if (this.buffer.length === 2400 && ++beeps % 3 === 0) {
    const voice = this.context.createBuffer(1, 24000, 48000)
    const samples = voice.getChannelData(0)
    for (let i = 0; i < 24000; i++) samples[i] = 0.4 * Math.sin(i * 0.05) * (1 + Math.sin(i * 0.003))
    const source = this.context.createBufferSource()
    source.buffer = voice
    source.connect(this.context.destination)
    start.call(source, when + 1)
  }
  return start.call(this, when, ...rest)
}
"""


def test_a_take_lies_where_it_was_spoken_and_outlives_a_cut_network(
    as_person: SignIn, world: World, dub: Dub
) -> None:
    track = stages.create_dub(world.house, world.team.translator, dub.film, dub.script).track
    page = as_person("ayna")
    page.add_init_script(ROOM)
    page.goto(f"/tracks/{track}/studio")
    settle(page)
    page.get_by_role("button", name="Measure the delay").click()
    expect(page.get_by_text("The delay is")).to_be_visible(timeout=20_000)
    page.screenshot(path=ARTEFACTS / "studio-measured.jpeg", quality=70)
    page.route("**/recordings?*", lambda route: route.abort())
    page.keyboard.press("r")
    expect(page.get_by_text("1 take waiting")).to_be_visible(timeout=20_000)
    page.screenshot(path=ARTEFACTS / "studio-offline.jpeg", quality=70)
    assert takes_in(world, track) == []
    context = page.context
    page.close()

    page = context.new_page()
    page.goto(f"/tracks/{track}/studio")
    expect(page.locator(".studio-take")).to_have_count(1)
    expect(page.get_by_text("take waiting")).to_have_count(0)
    (take,) = takes_in(world, track)
    recorded = recording_of(world, take)
    onset = int(np.argmax(np.abs(recorded) > 0.02))
    late = (onset - RATE // 2) * 1000 / RATE
    measured = {"late_ms": late, "delay": take.latency_samples, "missing": take.missing_samples}
    (ARTEFACTS / "studio-place.json").write_text(json.dumps(measured))
    assert abs(late) <= 15 or take.missing_samples > 0, late
    assert 0 <= onset - take.start * RATE // FLICKS_PER_SECOND <= RATE // 50
