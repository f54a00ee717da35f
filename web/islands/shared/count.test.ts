import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { countCharacters, readingSpeed } from './count.ts'
import { FLICKS_PER_SECOND } from './time.ts'

// The same table is checked against workflow/tracks/text.py: editor and server must agree.
const table = JSON.parse(
  readFileSync(new URL('../../../tests/shared/counting.json', import.meta.url), 'utf8'),
) as { what: string; text: string; count: number }[]

for (const { what, text, count } of table)
  test(`characters are counted as the server counts them: ${what}`, () => {
    assert.equal(countCharacters(text), count)
  })

test('reading speed is characters over the time the cue stands', () => {
  const cue = { uid: 'a', start: 0, end: 2 * FLICKS_PER_SECOND, text: 'Biz olary\ngoramaly.' }
  assert.equal(readingSpeed(cue), 9)
})
