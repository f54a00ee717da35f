import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { syllables, toCut } from './syllables.ts'

// The same table is checked against workflow/dub/script.py: studio and server must agree.
const table = JSON.parse(
  readFileSync(new URL('../../../tests/shared/syllables.json', import.meta.url), 'utf8'),
) as { what: string; text: string; syllables: number }[]

for (const row of table)
  test(`syllables are counted as the server counts them: ${row.what}`, () => {
    assert.equal(syllables(row.text), row.syllables)
  })

const line = { text: 'Pidalar jenaýatçy däldir.', syllables: 9, room: 12, cut: 0, take: null }

test('a text that nobody read yet is measured by the room of its line', () => {
  assert.equal(toCut(line, line.text), 0)
  assert.equal(toCut({ ...line, room: 7 }, line.text), 2)
})

test('what a take has too many goes down as syllables are taken out', () => {
  const long = { ...line, cut: 3, take: 'a' }
  assert.equal(toCut(long, line.text), 3)
  assert.equal(toCut(long, 'Pidalar jenaýatçy.'), 1)
  assert.equal(toCut(long, 'Pidalar.'), 0)
})

test('a take that fits leaves as much room as there is', () => {
  const fits = { ...line, room: 7, take: 'a' }
  assert.equal(toCut(fits, line.text), 0)
  assert.equal(toCut(fits, `${line.text} Bu.`), 1)
})
