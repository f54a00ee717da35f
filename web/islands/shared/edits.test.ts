import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cues } from './cues.ts'
import { Edits } from './edits.ts'

const list = (...texts: string[]): Cues =>
  texts.map((text, i) => ({ uid: `${i}`, start: i, end: i + 1, text }))

test('typing in one cue is one step back', () => {
  const start = list('')
  const edits = new Edits(start)
  for (const text of ['S', 'Se', 'Sen']) edits.make(list(text), 'text 0')
  assert.equal(edits.undo(), true)
  assert.equal(edits.now, start)
  assert.equal(edits.redo(), true)
  assert.equal(edits.now[0]!.text, 'Sen')
})

test('after a rest typing starts a new step', () => {
  const edits = new Edits(list(''))
  edits.make(list('Sen'), 'text 0')
  edits.rest()
  edits.make(list('Sen nireden'), 'text 0')
  edits.undo()
  assert.equal(edits.now[0]!.text, 'Sen')
})

test('a new change after going back forgets what was ahead', () => {
  const edits = new Edits(list('a'))
  edits.make(list('b'), '')
  edits.undo()
  edits.make(list('c'), '')
  assert.equal(edits.redo(), false)
  assert.equal(edits.now[0]!.text, 'c')
})

test('with nothing done there is nothing to undo', () => {
  assert.equal(new Edits(list('a')).undo(), false)
})
