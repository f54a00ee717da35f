import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ENDS, tagIn, tagOf } from './tag.ts'

const FINAL = `Terjime final · track ${'ab'.repeat(8)} · film ${'01'.repeat(8)} · recipe ${'cd'.repeat(8)}`
const STAMP = 'track v12 · 0a1b2c3d · 2026-11-24 10:15 UTC · REVIEW'

test('a tag is found among bytes that are no text', () => {
  const noise = Uint8Array.from({ length: 5000 }, (_, i) => (i * 151) % 256)
  for (const tag of [FINAL, STAMP])
    assert.equal(tagIn(new Uint8Array([...noise, ...new TextEncoder().encode(tag), ...noise])), tag)
  assert.equal(tagIn(noise), '')
})

test('a tag is found at either end of a long file, and once where the ends meet', async () => {
  const middle = new Uint8Array(ENDS + 100)
  assert.equal(await tagOf(new Blob([FINAL, middle])), FINAL)
  assert.equal(await tagOf(new Blob([middle, STAMP])), STAMP)
  assert.equal(await tagOf(new Blob([middle])), '')
})
