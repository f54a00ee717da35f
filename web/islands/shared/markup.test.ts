import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pieces } from './markup.ts'

test('only the six tags are markup; everything else is text, scripts too', () => {
  assert.deepEqual(
    pieces('<i>a<b>b</b></i><script>x</script>').map((piece) => [
      piece.text,
      piece.italic,
      piece.bold,
    ]),
    [
      ['a', true, false],
      ['b', true, true],
      ['<script>x</script>', false, false],
    ],
  )
})
