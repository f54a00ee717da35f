/** Cues and what can be done to them: pure, no DOM. A change makes a new list and leaves the old as it was. */
import type { Flicks } from './time.ts'

export interface Cue {
  readonly uid: string
  readonly start: Flicks
  readonly end: Flicks
  readonly text: string
  readonly speaker?: string
  readonly note?: string
  readonly position?: number
  readonly take?: string
  readonly on_screen?: boolean
}

export type Cues = readonly Cue[]

/** By start, then end; cues that tie keep their order. */
export function inOrder(cues: Cues): Cues {
  for (let i = 1; i < cues.length; i++)
    if (comesBefore(cues[i]!, cues[i - 1]!)) return [...cues].sort(byTime)
  return cues
}

function byTime(a: Cue, b: Cue): number {
  return a.start - b.start || a.end - b.end
}

function comesBefore(a: Cue, b: Cue): boolean {
  return byTime(a, b) < 0
}

export function changeCue(cues: Cues, uid: string, change: Partial<Cue>): Cues {
  return inOrder(cues.map((cue) => (cue.uid === uid ? { ...cue, ...change } : cue)))
}

/**
 * Split at a time, the text at a place in it (by default the line break or the space nearest to the
 * same share of the text). The first half keeps the uid. Null outside the cue.
 */
export function splitCue(
  cue: Cue,
  at: Flicks,
  uid: string,
  place?: number,
): readonly [Cue, Cue] | null {
  if (at <= cue.start || at >= cue.end) return null
  const cut = place ?? bestCut(cue.text, (at - cue.start) / (cue.end - cue.start))
  const [first, second] = cutText(cue.text, cut)
  return [
    { ...cue, end: at, text: first },
    { ...cue, uid, start: at, text: second },
  ]
}

function bestCut(text: string, share: number): number {
  const wanted = text.length * share
  let best = -1
  for (const found of text.matchAll(/\s+/g)) {
    const cost = (at: number) => Math.abs(at - wanted) - (text[at] === '\n' ? text.length / 3 : 0)
    if (best < 0 || cost(found.index) < cost(best)) best = found.index
  }
  return best < 0 ? text.length : best
}

const TAGS = /<(\/?)([ibu])>/g

/** Two texts; a tag that is open at the cut is closed in the first and opened again in the second. */
function cutText(text: string, at: number): [string, string] {
  const first = text.slice(0, at).trimEnd()
  const second = text.slice(at).trimStart()
  const open: string[] = []
  for (const [, end, name] of first.matchAll(TAGS))
    if (!end) open.push(name!)
    else open.splice(open.lastIndexOf(name!), 1)
  const closing = [...open].reverse().map((name) => `</${name}>`)
  return [first + closing.join(''), open.map((name) => `<${name}>`).join('') + second]
}

/** The two as one: from the first start to the last end, the texts on lines of their own. */
export function joinCues(first: Cue, second: Cue): Cue {
  const text = [first.text, second.text].filter(Boolean).join('\n')
  return { ...first, end: Math.max(first.end, second.end), text }
}

/** A cue after another: in the gap that follows it, at most two seconds long. Null when there is no room. */
export function cueAfter(
  cues: Cues,
  index: number,
  uid: string,
  least: Flicks,
  most: Flicks,
  filmEnd: Flicks,
): Cue | null {
  const start = index < 0 ? 0 : cues[index]!.end
  const next = cues[index + 1]
  const end = Math.min(start + most, next ? next.start : filmEnd)
  return end - start < least ? null : { uid, start, end, text: '' }
}

/** The cues drawn at a time: start at or before it, end after it. *longest*: no cue lasts longer. */
export function cuesAt(cues: Cues, time: Flicks): Cue[] {
  const found: Cue[] = []
  for (let i = firstStartingAfter(cues, time) - 1, looked = 0; i >= 0 && looked < 12; i--, looked++)
    if (cues[i]!.end > time) found.unshift(cues[i]!)
  return found
}

/** Index of the first cue that starts after a time. */
export function firstStartingAfter(cues: Cues, time: Flicks): number {
  let low = 0
  let high = cues.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (cues[middle]!.start <= time) low = middle + 1
    else high = middle
  }
  return low
}

/** How many cues differ, as a person counts: changed, new and removed. */
export function countChanges(saved: Cues, now: Cues): number {
  if (saved === now) return 0
  const before = new Map(saved.map((cue) => [cue.uid, cue]))
  let count = 0
  for (const cue of now) {
    const was = before.get(cue.uid)
    before.delete(cue.uid)
    if (!was || !sameCue(was, cue)) count++
  }
  return count + before.size
}

export function sameCue(a: Cue | undefined, b: Cue | undefined): boolean {
  if (a === b) return true
  if (!a || !b) return false
  return (
    a.text === b.text &&
    a.start === b.start &&
    a.end === b.end &&
    (a.speaker ?? '') === (b.speaker ?? '') &&
    (a.note ?? '') === (b.note ?? '') &&
    (a.position ?? null) === (b.position ?? null) &&
    (a.take ?? '') === (b.take ?? '') &&
    (a.on_screen ?? false) === (b.on_screen ?? false)
  )
}

export interface Conflict {
  readonly uid: string
  readonly base: Cue | null
  readonly mine: Cue | null
  readonly theirs: Cue | null
}

/**
 * Theirs worked into mine over their common base, cue by cue and part by part, as the server does it
 * (workflow/tracks/compare.py merge): the same part changed in two ways is a conflict, and my side stays.
 */
export function mergeCues(
  base: Cues,
  mine: Cues,
  theirs: Cues,
): { cues: Cues; conflicts: Conflict[] } {
  const bases = new Map(base.map((cue) => [cue.uid, cue]))
  const mines = new Map(mine.map((cue) => [cue.uid, cue]))
  const its = new Map(theirs.map((cue) => [cue.uid, cue]))
  const cues: Cue[] = []
  const conflicts: Conflict[] = []
  for (const uid of new Set([...bases.keys(), ...mines.keys(), ...its.keys()])) {
    const [old, my, their] = [bases.get(uid), mines.get(uid), its.get(uid)]
    const merged = mergeCue(old, my, their)
    if (merged === 'clash')
      conflicts.push({ uid, base: old ?? null, mine: my ?? null, theirs: their ?? null })
    const kept = merged === 'clash' ? (my ?? their) : merged
    if (kept) cues.push(kept)
  }
  return { cues: inOrder(cues.sort(byTime)), conflicts }
}

const PARTS = [
  ['text'],
  ['start', 'end'],
  ['position'],
  ['speaker'],
  ['note'],
  ['take'],
  ['on_screen'],
] as const

function mergeCue(
  old: Cue | undefined,
  my: Cue | undefined,
  their: Cue | undefined,
): Cue | undefined | 'clash' {
  if (sameCue(their, my) || sameCue(their, old)) return my
  if (sameCue(my, old)) return their
  if (!old || !my || !their) return 'clash'
  let cue: Cue = my
  for (const part of PARTS) {
    const differ = (a: Cue, b: Cue) => part.some((name) => (a[name] ?? '') !== (b[name] ?? ''))
    if (!differ(their, old) || !differ(their, my)) continue
    if (differ(my, old)) return 'clash'
    for (const name of part) cue = { ...cue, [name]: their[name] }
  }
  return cue
}
