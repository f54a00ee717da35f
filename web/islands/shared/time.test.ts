import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FLICKS_PER_SECOND, FrameGrid } from './time.ts'

const NTSC_FILM = new FrameGrid({ num: 24000, den: 1001 })
const PAL = new FrameGrid({ num: 25, den: 1 })
const ODD = new FrameGrid({ num: 1_000_003, den: 33_333 })

test('a frame of 23.976 is a whole number of flicks', () => {
  assert.equal(NTSC_FILM.timeOf(1), 29_429_400)
  assert.equal(NTSC_FILM.timeOf(345_600), 345_600 * 29_429_400)
})

test('every frame comes back from its own time, and from the flick before the next', () => {
  for (const grid of [NTSC_FILM, PAL, ODD])
    for (let frame = 0; frame < 200_000; frame += 997) {
      assert.equal(grid.frameAt(grid.timeOf(frame)), frame)
      assert.equal(grid.frameAt(grid.timeOf(frame + 1) - 1), frame)
      assert.equal(grid.firstFrameAt(grid.timeOf(frame)), frame)
      assert.equal(grid.firstFrameAt(grid.timeOf(frame) + 1), frame + 1)
    }
})

test('the nearest frame is taken, a tie goes to the later one', () => {
  assert.equal(PAL.snap(PAL.timeOf(10) + 1), PAL.timeOf(10))
  assert.equal(PAL.snap((PAL.timeOf(10) + PAL.timeOf(11)) / 2), PAL.timeOf(11))
})

test('timecode counts 24 frames to a second at 23.976', () => {
  assert.equal(NTSC_FILM.timecodeOfFrame(24), '00:00:01:00')
  assert.equal(NTSC_FILM.timecodeOfFrame(24 * 3600 + 5), '01:00:00:05')
})

test('a time is read back as it was written, by frames or by milliseconds', () => {
  assert.equal(PAL.parse('00:00:02:10'), PAL.timeOf(60))
  assert.equal(PAL.parse('1:02:10'), PAL.timeOf(62 * 25 + 10))
  assert.equal(PAL.parse(' 00:01:02,5 '), 62.5 * FLICKS_PER_SECOND)
  assert.equal(PAL.parse('7.25'), 7.25 * FLICKS_PER_SECOND)
})

test('what is no time is refused', () => {
  for (const text of ['', 'soon', '12', '1:30', '00:00:61:00', '00:00:01:25', '-1.0', '00:75:00.0'])
    assert.equal(PAL.parse(text), null, text)
})
