import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KEYMAP, commandFor, nameOf, printed } from './keymap.ts'

test('no key means two things at one place', () => {
  for (const place of ['desk', 'review', 'proposal', 'studio', 'confirm'] as const) {
    const keys = KEYMAP.filter((binding) => binding.places.includes(place)).flatMap((binding) => [
      ...binding.keys,
      ...binding.anywhere,
    ])
    assert.deepEqual(
      keys.filter((key, i) => keys.indexOf(key) !== i),
      [],
    )
  }
})

test('Ctrl and Alt are never bound together: on many layouts that is AltGr', () => {
  for (const binding of KEYMAP)
    for (const key of [...binding.keys, ...binding.anywhere])
      assert.ok(!(key.includes('Ctrl') && key.includes('Alt')), key)
})

test('single letters do nothing while text is typed, and can be switched off', () => {
  assert.equal(commandFor('KeyC', 'review', false, true), 'review/comment')
  assert.equal(commandFor('KeyC', 'review', true, true), null)
  assert.equal(commandFor('KeyC', 'review', false, false), null)
  assert.equal(commandFor('Space', 'review', false, false), 'player/play')
  assert.equal(commandFor('Ctrl+Space', 'desk', true, false), 'player/play')
})

test('the Command key of a Mac counts as Ctrl, and keys read as printed', () => {
  const press = { code: 'KeyZ', ctrlKey: false, metaKey: true, altKey: false, shiftKey: true }
  assert.equal(nameOf(press), 'Ctrl+Shift+KeyZ')
  assert.equal(printed('Ctrl+Shift+KeyZ'), 'Ctrl+Shift+Z')
  assert.equal(printed('Alt+BracketLeft'), 'Alt+[')
})
