import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Capture, RATE, find, holesIn, latencyOf, levelOf, sweep, voiceIn, wav24 } from './sound.ts'

const block = (number: number, at: number, length: number) => ({
  number,
  at,
  samples: new Float32Array(length).map((_, i) => at + i),
})

/** The same noise each time. */
function noise(length: number, size: number): Float32Array {
  let seed = 7
  return new Float32Array(length).map(() => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    return (seed / 2 ** 30 - 1) * size
  })
}

test('a take is cut to the sample across blocks', () => {
  const capture = new Capture()
  for (let i = 0; i < 4; i++) capture.add(block(i, 100 + i * 50, 50))
  const { samples, missing } = capture.cut(130, 260)
  assert.equal(missing, 0)
  assert.deepEqual(
    [...samples],
    Array.from({ length: 130 }, (_, i) => 130 + i),
  )
})

test('a hole in the midst of sound is counted, a pause and a quiet microphone are not', () => {
  const sound = noise(RATE, 0.01)
  assert.equal(holesIn(sound), 0)
  const broken = sound.slice()
  broken.fill(0, 20_000, 20_415) // as Chromium left one on a busy computer
  assert.equal(holesIn(broken), 415)
  const gated = sound.slice()
  gated.fill(0, 20_000, 20_000 + RATE / 4)
  gated.fill(0, 47_000)
  assert.equal(holesIn(gated), 0)
  const quiet = new Float32Array(RATE).map((_, i) => (i % 300 ? 0 : 1 / 32768))
  assert.equal(holesIn(quiet), 0)
  const capture = new Capture()
  capture.add({ number: 0, at: 0, samples: broken })
  assert.equal(capture.cut(1000, 30_000).missing, 415)
})

test('samples that never came are counted and stay silent', () => {
  const capture = new Capture()
  capture.add(block(0, 0, 50))
  capture.add(block(2, 100, 50))
  const { samples, missing } = capture.cut(25, 150)
  assert.equal(missing, 50)
  assert.equal(capture.lost, 1)
  assert.deepEqual([...samples.subarray(25, 75)], Array<number>(50).fill(0))
})

test('what is not here yet is missing too', () => {
  const capture = new Capture()
  capture.add(block(0, 0, 50))
  assert.equal(capture.cut(0, 80).missing, 30)
})

test('24 bits hold full scale, silence and the smallest steps', () => {
  const view = new DataView(wav24(Float32Array.of(-1, 1, 0, 2 ** -23, -(2 ** -23))))
  const at = (i: number) => view.getUint16(44 + 3 * i, true) | (view.getInt8(46 + 3 * i) << 16)
  assert.deepEqual([0, 1, 2, 3, 4].map(at), [-(2 ** 23), 2 ** 23 - 1, 0, 1, -1])
  assert.equal(view.getUint32(40, true), 15)
  assert.equal(view.byteLength % 2, 0)
})

test('the onset of a voice is found to within a few milliseconds', () => {
  const samples = noise(2 * RATE, 0.002)
  const voice = noise(RATE, 0.3)
  samples.set(voice, RATE / 2)
  const [start, end] = voiceIn(samples)!
  assert.ok(Math.abs(start - RATE / 2) <= 0.01 * RATE, `${start}`)
  assert.ok(Math.abs(end - 1.5 * RATE) <= 0.11 * RATE, `${end}`)
})

test('a click before the voice is not its onset', () => {
  const samples = noise(2 * RATE, 0.002)
  samples.set(noise(200, 0.9), 3000)
  samples.set(noise(RATE, 0.3), RATE / 2)
  assert.ok(voiceIn(samples)![0] > RATE / 3)
})

test('noise alone is no voice', () => {
  assert.equal(voiceIn(noise(RATE, 0.01)), null)
  assert.equal(voiceIn(new Float32Array(RATE)), null)
})

test('a sweep is found to the sample in noise, and not where there is none', () => {
  const samples = noise(RATE / 2, 0.05)
  sweep().forEach((value, i) => {
    samples[5000 + i]! += 0.2 * value
  })
  assert.equal(find(samples, sweep())?.at, 5000)
  assert.equal(find(noise(RATE / 2, 0.05), sweep()), null)
})

test('latency is the median, and unknown when most sweeps were not heard', () => {
  assert.deepEqual(latencyOf([5600, 5580, 5590], 5), { samples: 5590, spread: 20 })
  assert.equal(latencyOf([5600, 5580], 5), null)
})

test('clipped samples are counted', () => {
  assert.deepEqual(levelOf(Float32Array.of(0.5, -1, 1)), { peak: 1, clipped: 2 })
})
