import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Changes } from './changes.ts'

const at = (etag: string, revision: number) => ({ etag, revision })

test('what this page changed is taken back in turn, and made again', () => {
  const changes = new Changes()
  changes.note(at('a', 1), at('b', 2))
  changes.note(at('b', 2), at('c', 3))
  assert.deepEqual(changes.undoable, { before: 'b', after: 'c' })
  changes.undone()
  assert.deepEqual(changes.undoable, { before: 'a', after: 'b' })
  assert.deepEqual(changes.redoable, { before: 'c', after: 'b' })
  changes.redone()
  assert.deepEqual(changes.undoable, { before: 'b', after: 'c' })
  assert.equal(changes.redoable, undefined)
})

test('a change that holds what others saved is not ours to take back', () => {
  const changes = new Changes()
  changes.note(at('a', 1), at('c', 3))
  changes.note(at('c', 3), at('c', 3))
  assert.equal(changes.undoable, undefined)
})
