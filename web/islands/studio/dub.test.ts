import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FLICKS_PER_SECOND, FrameGrid } from '../shared/time.ts'
import { doubts, movedEdges, progressOf, splitTime, type Dub, type Line, type Take } from './dub.ts'

const take = (id: string, line: string, confidence: number, state: Take['state']): Take => ({
  id,
  line,
  recording: 'r',
  start: 0,
  end: FLICKS_PER_SECOND,
  seconds: 1,
  confidence,
  flags: [],
  state,
  stale: false,
  missing_samples: 0,
  comment: '',
  created_by: '',
  guide: false,
})

const line = (number: number, status: Line['status'], takes: string[], chosen = false): Line => ({
  uid: `u${number}`,
  number,
  speaker: '',
  text: 'Salam!',
  start: number,
  end: number + 1,
  on_screen: false,
  syllables: 2,
  room: 6,
  status,
  cut: 0,
  ratio: 1,
  placed_start: null,
  placed_end: null,
  take: chosen ? takes[0]! : null,
  takes,
  stale: false,
})

const dub: Dub = {
  track: 't',
  project: 'p',
  language: 'tk',
  settings: { mode: 'voice-over', style: 'un', loudness: 'ebu-r128' },
  etag: '',
  revision: 1,
  lines: [
    line(1, 'ok', ['a'], true),
    line(2, 'to_confirm', ['b', 'c']),
    line(3, 'to_confirm', ['d']),
    line(4, 'to_record', []),
  ],
  takes: {
    a: take('a', 'u1', 0.99, 'accepted'),
    b: take('b', 'u2', 0.5, 'to_confirm'),
    c: take('c', 'u2', 0.7, 'to_confirm'),
    d: take('d', 'u3', 0.3, 'to_confirm'),
  },
  recordings: [],
  isochrony: null,
  missing: [2, 3, 4],
}

test('the least sure line comes first, with its surest take', () => {
  assert.deepEqual(
    doubts(dub).map((doubt) => [doubt.line.number, doubt.take.id]),
    [
      [3, 'd'],
      [2, 'c'],
    ],
  )
})

test('the next take of a line is offered where a person turned to it', () => {
  assert.equal(doubts(dub, new Map([['u2', 'b']]))[1]!.take.id, 'b')
})

test('what nobody accepted counts as missing', () => {
  assert.deepEqual(progressOf(dub), { lines: 4, recorded: 1, missing: 3, long: 0, doubtful: 2 })
})

test('edges move by whole samples and never cross', () => {
  const edges = { start: 0, end: FLICKS_PER_SECOND }
  assert.equal(movedEdges(edges, 'start', 14701, 1e12).start, 14700)
  assert.equal(movedEdges(edges, 'start', 5 * FLICKS_PER_SECOND, 1e12).start, 670_320_000)
  assert.equal(movedEdges(edges, 'end', 5e12, 2 * FLICKS_PER_SECOND).end, 2 * FLICKS_PER_SECOND)
})

test('a take of a line that was joined is listed and not to be confirmed', () => {
  const joined = { ...dub, lines: [line(1, 'to_record', ['b'])] }
  assert.deepEqual(doubts(joined), [])
})

test('a line is parted at a frame inside it, by share of the time', () => {
  const grid = new FrameGrid({ num: 25, den: 1 })
  const frame = FLICKS_PER_SECOND / 25
  const span = { start: 0, end: FLICKS_PER_SECOND }
  assert.equal(splitTime(span, 0.5, grid), 12 * frame)
  assert.equal(splitTime(span, 0, grid), 2 * frame)
  assert.equal(splitTime({ start: 1, end: 5 }, 0.5, grid), 3)
})
