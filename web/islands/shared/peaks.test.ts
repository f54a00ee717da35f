import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pointAt, readPeaks } from './peaks.ts'
import { FLICKS_PER_SECOND } from './time.ts'

function file(version: number, values: number[], length = values.length / 2): ArrayBuffer {
  const head = version === 2 ? 24 : 20
  const buffer = new ArrayBuffer(head + values.length)
  const view = new DataView(buffer)
  view.setInt32(0, version, true)
  view.setUint32(4, 1, true)
  view.setInt32(8, 48_000, true)
  view.setInt32(12, 960, true)
  view.setUint32(16, length, true)
  if (version === 2) view.setInt32(20, 1, true)
  new Int8Array(buffer, head).set(values)
  return buffer
}

test('both versions give the loudest minimum and maximum of a stretch', () => {
  for (const version of [1, 2]) {
    const peaks = readPeaks(file(version, [-64, 32, -32, 64, 0, 1]))
    assert.deepEqual(peaks.range(0, 2), [-0.5, 0.5])
    assert.deepEqual(peaks.range(2, 99), [0, 1 / 128])
    assert.equal(peaks.perSecond, 50)
    assert.equal(pointAt(peaks, 30 * 60 * FLICKS_PER_SECOND), 90_000)
  }
})

test('a file that is cut short or of another kind is refused', () => {
  assert.throws(() => readPeaks(file(2, [0, 0], 5)), RangeError)
  assert.throws(() => readPeaks(file(7, [0, 0])), RangeError)
})
