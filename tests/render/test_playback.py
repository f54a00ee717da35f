"""A browser plays what was stitched: to the end, and shows the wanted frame after a seek."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.render.conftest import MakeReel
from workflow.render.segments import FolderSegments

#: Frame number as eight bars, lowest bit left.
BARS = "color=black,geq=lum='if(mod(floor(N/pow(2,floor(X/20))),2),235,16)':cb=128:cr=128,format=yuv420p"
PAGE = """<!-- file:// pages may read their video's pixels by a flag of the browser -->
<video id=v muted src="film.mp4"></video><script>
const canvas = new OffscreenCanvas(160, 120), pen = canvas.getContext("2d", {willReadFrequently: true})
function code() {
  pen.drawImage(v, 0, 0)
  let n = 0
  for (let bit = 0; bit < 8; bit++) n += (pen.getImageData(bit * 20 + 10, 60, 1, 1).data[0] > 120) << bit
  return n
}
const late = what => setTimeout(() => what("nothing came for 30 seconds"), 30000)
const seek = time => new Promise((yes, no) => {
  v.onerror = () => no(v.error.message)
  late(no)
  v.requestVideoFrameCallback(() => yes(code()))
  v.currentTime = time
})
const play = () => new Promise((yes, no) => {
  v.onerror = () => no(v.error.message)
  v.onended = () => yes([v.duration, code()])
  late(no)
  v.play().catch(no)
})
</script>"""


@pytest.mark.browser
@pytest.mark.parametrize("rate", [Fraction(24), Fraction(30000, 1001)], ids=str)
def test_chromium_plays_a_stitched_film_to_its_end_and_seeks_to_the_right_frames(
    rate: Fraction, make_reel: MakeReel, store: FolderSegments, tmp_path: Path, browser: Browser
) -> None:
    reel = make_reel(rate, 200, BARS)
    reel.render([], tmp_path / "film.mp4", store)
    (tmp_path / "page.html").write_text(PAGE)
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_function("v.readyState >= 2")
    dice = random.Random(1)
    for frame in [0, 199, 48, 47, *(dice.randrange(200) for _ in range(16))]:
        middle = float((frame + Fraction(1, 2)) / rate)
        assert page.evaluate(f"seek({middle})") == frame
    page.evaluate(f"seek({float(Fraction(301, 2) / rate)})")
    duration, last = page.evaluate("play()")
    assert last == 199
    assert duration == pytest.approx(float(200 / rate), abs=0.05)
    page.close()
