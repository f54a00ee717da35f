import assert from 'node:assert/strict'
import { test } from 'node:test'
import { markWords } from './mark-words.ts'

test('only the words between what is the same are marked', () => {
  assert.deepEqual(markWords('Salam  dostlar...', 'Salam dostlar…'), {
    head: 'Salam',
    old: '  dostlar...',
    now: ' dostlar…',
    tail: '',
  })
  assert.deepEqual(markWords('5 görgür bardy.', '5 şaýat bardy.'), {
    head: '5 ',
    old: 'görgür',
    now: 'şaýat',
    tail: ' bardy.',
  })
})

test('texts that are the same have nothing marked', () => {
  assert.deepEqual(markWords('Ýok', 'Ýok'), { head: 'Ýok', old: '', now: '', tail: '' })
})
