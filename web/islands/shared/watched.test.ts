import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Watched, playlist } from './watched.ts'

test('spans that touch or overlap are one, and count once', () => {
  const watched = new Watched()
  watched.add(0, 10)
  watched.add(20, 30)
  watched.add(5, 20)
  assert.deepEqual(watched.spans, [{ start: 0, end: 30 }])
  assert.equal(watched.permille([{ start: 0, end: 60 }]), 500)
})

test('only time inside the wanted places counts, rounded down', () => {
  const watched = new Watched()
  watched.add(0, 2)
  assert.equal(watched.permille([{ start: 1, end: 4 }]), 333)
  assert.equal(watched.permille([]), 1000)
})

test('the playlist adds time around each change and joins neighbours', () => {
  const places = playlist(
    [
      { start: 1, end: 2 },
      { start: 6, end: 7 },
      { start: 95, end: 99 },
    ],
    3,
    100,
  )
  assert.deepEqual(places, [
    { start: 0, end: 10 },
    { start: 92, end: 100 },
  ])
})
