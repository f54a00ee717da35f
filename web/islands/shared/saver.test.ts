import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeCue, type Cue, type Cues } from './cues.ts'
import { Saver, type Sent, type State, type Waiting } from './saver.ts'

const cue = (uid: string, text = uid): Cue => ({ uid, start: uid.charCodeAt(0), end: 200, text })
const BASE: Cues = [cue('a'), cue('b')]

/** A server, a store and a clock that do what the test says. */
function world(answers: ((etag: string, cues: Cues) => Sent | Promise<Sent>)[]) {
  const states: State[] = []
  const joined: Cues[] = []
  const sent: { etag: string; cues: Cues }[] = []
  const timers: { ms: number; run: () => void }[] = []
  const kept: { now: Waiting | null; puts: number } = { now: null, puts: 0 }
  const saver = new Saver(
    {
      store: {
        put: async (waiting) => {
          kept.now = waiting
          kept.puts++
        },
        remove: async () => {
          kept.now = null
        },
      },
      send: async (etag, cues) => {
        sent.push({ etag, cues })
        return answers.shift()!(etag, cues)
      },
      later: (ms, run) => {
        const timer = { ms, run }
        timers.push(timer)
        return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0)
      },
      said: (state) => void states.push(state),
      joined: (cues) => void joined.push(cues),
    },
    'e0',
    BASE,
  )
  return { saver, states, joined, sent, timers, kept }
}

const saved = (etag: string) => (_: string, cues: Cues) =>
  ({ kind: 'saved', etag, cues, merged: 0 }) as const
const offline = () => ({ kind: 'offline' }) as const

test('"saved" is said only after the server said so', async () => {
  const { saver, states, sent, kept } = world([saved('e1')])
  saver.change(changeCue(BASE, 'a', { text: 'new' }))
  assert.deepEqual(
    states.map((state) => state.kind),
    ['saving'],
  )
  assert.equal(await saver.flush(), true)
  assert.equal(states.at(-1)!.kind, 'saved')
  assert.equal(sent[0]!.etag, 'e0')
  assert.equal(saver.etag, 'e1')
  assert.equal(kept.now, null)
})

test('a change is on this computer before it is sent', async () => {
  const order: string[] = []
  const { saver, kept } = world([
    (_, cues) => {
      order.push(kept.now ? 'kept' : 'not kept')
      return { kind: 'saved', etag: 'e1', cues, merged: 0 }
    },
  ])
  saver.change(changeCue(BASE, 'a', { text: 'new' }))
  await saver.flush()
  assert.deepEqual(order, ['kept'])
})

test('without connection the changes wait and are counted, and tries come less and less often', async () => {
  const { saver, states, timers, kept } = world([offline, offline, saved('e1')])
  saver.change(changeCue(changeCue(BASE, 'a', { text: 'x' }), 'b', { text: 'y' }))
  assert.equal(await saver.flush(), false)
  assert.deepEqual(states.at(-1), { kind: 'waiting', changes: 2, offline: true })
  assert.equal(timers.at(-1)!.ms, 1000)
  await saver.flush()
  assert.equal(timers.at(-1)!.ms, 2000)
  assert.equal(kept.now!.cues[0]!.text, 'x')
  assert.equal(await saver.flush(), true)
  assert.equal(kept.now, null)
})

test('what was typed while a save was under way is sent next, from the new state', async () => {
  const typed = changeCue(BASE, 'a', { text: 'later' })
  const { saver, sent, timers } = world([
    (_, cues) => {
      saver.change(typed)
      return { kind: 'saved', etag: 'e1', cues, merged: 0 }
    },
    saved('e2'),
  ])
  saver.change(changeCue(BASE, 'a', { text: 'first' }))
  assert.equal(await saver.flush(), false)
  assert.ok(timers.length > 0)
  assert.equal(await saver.flush(), true)
  assert.deepEqual(
    sent.map((each) => each.etag),
    ['e0', 'e1'],
  )
  assert.equal(sent[1]!.cues, typed)
})

test("others' edits that the server joined in are shown, and nothing of mine is lost", async () => {
  const both = changeCue(changeCue(BASE, 'a', { text: 'mine' }), 'b', { text: 'theirs' })
  const { saver, joined, states } = world([
    () => ({ kind: 'saved', etag: 'e1', cues: both, merged: 1 }),
  ])
  saver.change(changeCue(BASE, 'a', { text: 'mine' }))
  await saver.flush()
  assert.deepEqual(joined.at(-1), both)
  assert.equal(states.at(-1)!.kind, 'saved')
})

test('a clash is asked about, waits, and the choice is sent from the state of the server', async () => {
  const theirs = changeCue(BASE, 'a', { text: 'theirs' })
  const { saver, states, sent, joined } = world([
    () => ({ kind: 'clash', etag: 'e5', cues: theirs }),
    saved('e6'),
  ])
  saver.change(changeCue(changeCue(BASE, 'a', { text: 'mine' }), 'b', { text: 'also mine' }))
  assert.equal(await saver.flush(), false)
  const clash = states.findLast((state) => state.kind === 'clash')!
  assert.deepEqual(
    clash.conflicts.map((each) => [each.mine?.text, each.theirs?.text]),
    [['mine', 'theirs']],
  )
  assert.equal(await saver.flush(), false)
  assert.equal(sent.length, 1, 'nothing is sent while it is not decided')
  saver.resolve(new Map([['a', 'theirs']]))
  assert.deepEqual(
    joined.at(-1)!.map((each) => each.text),
    ['theirs', 'also mine'],
  )
  assert.equal(await saver.flush(), true)
  assert.equal(sent[1]!.etag, 'e5')
})

test('a refused save says why, keeps the changes and is not tried again by itself', async () => {
  const { saver, states, timers, kept } = world([
    () => ({ kind: 'refused', message: 'cue 1 is too long' }),
  ])
  saver.change(changeCue(BASE, 'a', { text: 'x'.repeat(600) }))
  assert.equal(await saver.flush(), false)
  assert.deepEqual(states.at(-1), { kind: 'refused', message: 'cue 1 is too long', changes: 1 })
  assert.equal(timers.length, 0)
  assert.ok(kept.now)
})

test('what an earlier page left behind is sent from the state it came from', async () => {
  const { saver, sent } = world([saved('e9')])
  saver.recover({ etag: 'old', saved: BASE, cues: changeCue(BASE, 'b', { text: 'kept' }) })
  assert.equal(await saver.flush(), true)
  assert.equal(sent[0]!.etag, 'old')
})
