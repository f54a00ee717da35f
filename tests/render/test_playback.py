"""A browser plays every deliverable to its end, and shows the wanted frame at fifty random seeks.

Chromium is Debian's. It plays H.264 and AV1; HEVC only where the machine decodes it, and Matroska not by
promise: those two forms are for players, and a training room refuses them (`stages/packages.py`).
"""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.render.conftest import MakeReel
from tests.render.reels import QUICK, STAMP, Reel
from workflow.render.recipe import REVIEW, REVIEW_240, Recipe
from workflow.render.segments import FolderSegments
from workflow.render.sound import Dub

FRAMES = 120
SEEKS = 50
#: Frame number as eight bars, lowest bit left; drawn small and enlarged, which is quicker.
BARS = (
    "color=black,scale=8:2,geq=lum='if(mod(floor(N/pow(2,X)),2),235,16)':cb=128:cr=128,"
    "scale=640:480:flags=neighbor,format=yuv420p"
)
PAGE = """<!-- file:// pages may read their video's pixels by a flag of the browser -->
<video id=v muted src="film.mp4"></video><script>
const canvas = new OffscreenCanvas(160, 120), pen = canvas.getContext("2d", {willReadFrequently: true})
function code() {
  pen.drawImage(v, 0, 0, 160, 120)
  let n = 0
  for (let bit = 0; bit < 8; bit++) n += (pen.getImageData(bit * 20 + 10, 60, 1, 1).data[0] > 120) << bit
  return n
}
const first = new Promise(yes => v.requestVideoFrameCallback(yes))  // else it passes for what was sought
const late = what => setTimeout(() => what("nothing came for 30 seconds"), 30000)
const seek = time => new Promise((yes, no) => {
  v.onerror = () => no(v.error.message)
  late(no)
  v.requestVideoFrameCallback(() => yes(code()))
  v.currentTime = time
})
const seeks = async times => { await first; const seen = []; for (const time of times) seen.push(await seek(time)); return seen }
const play = () => new Promise((yes, no) => {
  v.onerror = () => no(v.error.message)
  v.onended = () => setTimeout(() => yes([v.duration, code()]), 200)
  v.playbackRate = 4  // and the last second as people see it: quicker, a screen may skip the last frame
  v.ontimeupdate = () => { if (v.currentTime > v.duration - 1.2) v.playbackRate = 1 }
  late(no)
  v.play().catch(no)
})
</script>"""

HALF = replace(QUICK, height=240)
FORMS: dict[str, tuple[Recipe, dict[str, Any]]] = {
    "burned": (QUICK, {}),
    "burned, smaller": (HALF, {}),
    # Of SVT-AV1's quickest presets some frames that differ wholly from their neighbours come out as those.
    "burned, AV1": (replace(HALF, codec="av1", preset="fast"), {}),
    "burned, dub alone": (replace(HALF, sounds="dub"), {"dub": True}),
    "soft": (Recipe(form="soft-mp4"), {}),
    "soft, dub and original": (Recipe(form="soft-mp4", sounds="both"), {"dub": True}),
    "review 480": (REVIEW, {"stamp": STAMP}),
    "review 240": (REVIEW_240, {"stamp": STAMP}),
}


def made(reel: Reel, folder: Path, store: FolderSegments, form: str) -> None:
    recipe, more = FORMS[form]
    if more.get("dub"):
        more = more | {"dub": Dub(reel.sound or Path())}
    cues = [reel.cue(10, 40), reel.cue(47, 49), reel.cue(60, 119, "Ýagdaýyňyz nähili?")]
    reel.render(cues, folder / "film.mp4", store, recipe, **more)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("form", "rate"),
    [*((form, Fraction(24)) for form in FORMS), ("burned, smaller", Fraction(30000, 1001))],
    ids=lambda value: str(value).replace("/", ":"),
)
def test_chromium_plays_it_to_its_end_and_seeks_to_the_right_frames(
    form: str,
    rate: Fraction,
    make_reel: MakeReel,
    store: FolderSegments,
    tmp_path: Path,
    browser: Browser,
) -> None:
    made(make_reel(rate, FRAMES, BARS, (640, 480)), tmp_path, store, form)
    (tmp_path / "page.html").write_text(PAGE)
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_function("v.readyState >= 2 || v.error")
    edges = [FRAMES - 1, 48, 47, 0]  # the last frame, both sides of a segment's edge, the first
    wanted = edges + random.Random(form).sample(range(1, FRAMES), SEEKS)
    times = [float((frame + Fraction(1, 2)) / rate) for frame in wanted]
    assert page.evaluate("seeks", times) == wanted
    page.evaluate("seek", 0)
    duration, last = page.evaluate("play()")
    assert last == FRAMES - 1
    assert duration == pytest.approx(float(FRAMES / rate), abs=0.05)
    page.close()
