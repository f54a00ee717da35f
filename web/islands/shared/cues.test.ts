import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  changeCue,
  countChanges,
  cueAfter,
  cuesAt,
  joinCues,
  mergeCues,
  splitCue,
  type Cue,
} from './cues.ts'

const cue = (uid: string, start: number, end: number, text = uid): Cue => ({
  uid,
  start,
  end,
  text,
})
const THREE = [cue('a', 0, 10), cue('b', 10, 20), cue('c', 30, 40)]

test('a split keeps the uid on the first half and shares the time', () => {
  const halves = splitCue(cue('a', 0, 100, 'bir iki üç dört'), 50, 'new')!
  assert.deepEqual(
    halves.map(({ uid, start, end }) => [uid, start, end]),
    [
      ['a', 0, 50],
      ['new', 50, 100],
    ],
  )
  assert.equal(`${halves[0].text} ${halves[1].text}`, 'bir iki üç dört')
})

test('a split prefers the line break', () => {
  const [first, second] = splitCue(cue('a', 0, 100, 'uzyn setir bu ýerde\nsoňy'), 50, 'n')!
  assert.deepEqual([first.text, second.text], ['uzyn setir bu ýerde', 'soňy'])
})

test('a tag that is open at the cut is closed and opened again', () => {
  const [first, second] = splitCue(cue('a', 0, 100, '<i>bir iki</i>'), 50, 'n', 6)!
  assert.deepEqual([first.text, second.text], ['<i>bir</i>', '<i>iki</i>'])
})

test('a split outside the cue is refused', () => {
  for (const at of [-1, 0, 100, 101]) assert.equal(splitCue(cue('a', 0, 100), at, 'n'), null)
})

test('joined cues run from the first start to the last end', () => {
  assert.deepEqual(joinCues(cue('a', 0, 10, 'Bir'), cue('b', 12, 20, 'iki')), {
    uid: 'a',
    start: 0,
    end: 20,
    text: 'Bir\niki',
  })
})

test('a new cue fills the gap after another and never overlaps', () => {
  assert.deepEqual(cueAfter(THREE, 1, 'n', 2, 50, 100), cue('n', 20, 30, ''))
  assert.equal(cueAfter(THREE, 0, 'n', 2, 50, 100), null)
  assert.deepEqual(cueAfter(THREE, 2, 'n', 2, 50, 100), cue('n', 40, 90, ''))
  assert.deepEqual(cueAfter([], -1, 'n', 2, 50, 100), cue('n', 0, 50, ''))
})

test('a cue is drawn from its start on and gone at its end', () => {
  assert.deepEqual(
    cuesAt(THREE, 10).map((each) => each.uid),
    ['b'],
  )
  assert.deepEqual(
    cuesAt(THREE, 9).map((each) => each.uid),
    ['a'],
  )
  assert.deepEqual(cuesAt(THREE, 20), [])
})

test('a cue that is moved past others takes its place in the order', () => {
  assert.deepEqual(
    changeCue(THREE, 'a', { start: 50, end: 60 }).map((each) => each.uid),
    ['b', 'c', 'a'],
  )
})

test('changes are counted by cue: changed, new and removed', () => {
  const now = [cue('a', 0, 10, 'else'), cue('b', 10, 20), cue('n', 50, 60)]
  assert.equal(countChanges(THREE, now), 3)
  assert.equal(countChanges(THREE, [...THREE]), 0)
})

test('edits of different cues, and of text and time of one cue, are both kept', () => {
  const mine = changeCue(THREE, 'a', { text: 'mine' })
  const theirs = changeCue(changeCue(THREE, 'a', { end: 9 }), 'c', { text: 'theirs' })
  const { cues, conflicts } = mergeCues(THREE, mine, theirs)
  assert.equal(conflicts.length, 0)
  assert.deepEqual(cues, [cue('a', 0, 9, 'mine'), cue('b', 10, 20), cue('c', 30, 40, 'theirs')])
})

test('the same text changed in two ways is a conflict with all three states, and mine stays', () => {
  const { cues, conflicts } = mergeCues(
    THREE,
    changeCue(THREE, 'b', { text: 'mine' }),
    changeCue(THREE, 'b', { text: 'theirs' }),
  )
  assert.deepEqual(
    conflicts.map((each) => [each.base?.text, each.mine?.text, each.theirs?.text]),
    [['b', 'mine', 'theirs']],
  )
  assert.equal(cues[1]!.text, 'mine')
})

test('a cue that one removed and another changed is a conflict; removed by both, it is gone', () => {
  const without = THREE.filter((each) => each.uid !== 'b')
  assert.equal(mergeCues(THREE, without, changeCue(THREE, 'b', { text: 'x' })).conflicts.length, 1)
  assert.deepEqual(mergeCues(THREE, without, without), { cues: without, conflicts: [] })
})
