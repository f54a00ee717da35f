import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCues, replaceText } from './find.ts'

const CUES = [
  { uid: 'a', start: 0, end: 1, text: 'Adam söwdasy. Adam!' },
  { uid: 'b', start: 1, end: 2, text: 'adamlar' },
  { uid: 'c', start: 2, end: 3, text: 'a.b' },
]

test('capitals matter only when the wanted text has some', () => {
  assert.deepEqual(findCues(CUES, 'adam'), [0, 1])
  assert.deepEqual(findCues(CUES, 'Adam'), [0])
})

test('signs are meant literally', () => {
  assert.deepEqual(findCues(CUES, '.b'), [2])
  assert.equal(replaceText(CUES, 'Adam', '$&')[0][0]!.text, '$& söwdasy. $&!')
})

test('everything or one cue is replaced, and counted', () => {
  assert.equal(replaceText(CUES, 'adam', 'Ynsan')[1], 3)
  const [cues, count] = replaceText(CUES, 'adam', 'ynsan', 'b')
  assert.deepEqual([cues[0]!.text, cues[1]!.text, count], ['Adam söwdasy. Adam!', 'ynsanlar', 1])
})

test('nothing found leaves the list as it is', () => {
  assert.deepEqual(replaceText(CUES, 'zzz', 'x'), [CUES, 0])
  assert.equal(replaceText(CUES, '', 'x')[0], CUES)
})
