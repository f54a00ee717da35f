import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RATE } from './sound.ts'
import { Witness } from './witness.ts'

/** Blocks of 512 for six seconds; from a frame on, what arrives is *short* less than what was given. */
function seen(short: number, from = 3 * RATE): Witness {
  const witness = new Witness()
  for (let frame = 0; frame < 6 * RATE; frame += 512) {
    const late = frame % 1536 === 0 ? -400 : 0 // some messages come late
    witness.note(frame + late, frame - (frame >= from ? short : 0), frame)
  }
  return witness
}

test('a take that has all its samples is told to have them', () => {
  assert.equal(seen(0).lost(2 * RATE, 4 * RATE), 0)
})

test('10 ms that fell out without a gap are counted', () => {
  assert.equal(seen(480).lost(2 * RATE, 4 * RATE), 480)
})

test('what fell out before the take is not its loss', () => {
  assert.equal(seen(480, RATE / 2).lost(2 * RATE, 4 * RATE), 0)
})

test('without a count of the device nothing is claimed', () => {
  assert.equal(new Witness().lost(0, RATE), null)
})
