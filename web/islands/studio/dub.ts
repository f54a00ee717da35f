/** What the server says of a dub, and what can be worked out of it. Pure, no DOM. */
import type { Flicks, FrameGrid } from '../shared/time.ts'
import { FLICKS_PER_SECOND } from '../shared/time.ts'
import { RATE } from './sound.ts'

export const FLICKS_PER_SAMPLE = FLICKS_PER_SECOND / RATE

export type Status =
  | 'no_text'
  | 'to_record'
  | 'to_confirm'
  | 'too_long'
  | 'tight'
  | 'overlap'
  | 'off_sync'
  | 'ok'
  | 'approved'

export interface Line {
  readonly uid: string
  readonly number: number
  readonly speaker: string
  readonly text: string
  readonly start: Flicks
  readonly end: Flicks
  readonly on_screen: boolean
  readonly syllables: number
  readonly room: number
  readonly status: Status
  readonly cut: number
  readonly ratio: number
  readonly placed_start: Flicks | null
  readonly placed_end: Flicks | null
  readonly take: string | null
  readonly takes: readonly string[]
  readonly stale: boolean
}

/** Times are flicks of its recording. */
export interface Take {
  readonly id: string
  readonly line: string
  readonly recording: string
  readonly start: Flicks
  readonly end: Flicks
  readonly seconds: number
  readonly confidence: number | null
  readonly flags: readonly string[]
  readonly state: 'to_confirm' | 'accepted' | 'rejected'
  readonly stale: boolean
  readonly missing_samples: number
  readonly comment: string
  readonly created_by: string
  readonly guide: boolean
}

export interface Recording {
  readonly id: string
  readonly name: string
  readonly kind: 'line' | 'long' | 'guide'
  readonly seconds: number
  readonly findings: readonly { readonly code: string; readonly message: string }[]
  readonly state: 'received' | 'locating' | 'located' | 'failed'
  readonly job: string | null
  readonly error?: { readonly code: string; readonly message: string } | null
}

export interface Settings {
  readonly mode: string
  readonly style: string
  readonly loudness: string
  readonly stem?: string | null
}

export interface Dub {
  readonly track: string
  readonly project: string
  readonly language: string
  readonly settings: Settings
  readonly etag: string
  /** Counts the saves of the draft. */
  readonly revision: number
  readonly lines: readonly Line[]
  readonly takes: Readonly<Record<string, Take>>
  readonly recordings: readonly Recording[]
  readonly isochrony: number | null
  readonly missing: readonly number[]
}

export const FILTERS = ['all', 'missing', 'long', 'doubtful'] as const
export type Filter = (typeof FILTERS)[number]

export function isIn(filter: Filter, dub: Dub, line: Line): boolean {
  if (filter === 'missing') return line.status === 'to_record' || line.status === 'to_confirm'
  if (filter === 'long') return ['too_long', 'tight', 'overlap', 'off_sync'].includes(line.status)
  if (filter === 'doubtful') return line.stale || doubtfulTake(dub, line) !== null
  return true
}

/** The take of a line that a person has still to hear: the surest of those, or null. */
export function doubtfulTake(dub: Dub, line: Line): Take | null {
  const open = openTakes(dub, line)
  const chosen = line.take !== null
  if (chosen || open.length === 0) return null
  return open.reduce((a, b) => ((b.confidence ?? 0) > (a.confidence ?? 0) ? b : a))
}

/** What nobody heard yet of the line's own takes. */
function openTakes(dub: Dub, line: Line): readonly Take[] {
  return takesOf(dub, line).filter((take) => take.line === line.uid && take.state === 'to_confirm')
}

/** In the order in which they were made; those of lines that were merged into this one among them. */
export function takesOf(dub: Dub, line: Line): readonly Take[] {
  return line.takes.map((id) => dub.takes[id]).filter((take) => take !== undefined)
}

/** Those who are named already, to choose from. */
export function speakersOf(dub: Dub): readonly string[] {
  return [...new Set(dub.lines.map((line) => line.speaker).filter(Boolean))].sort()
}

export interface Progress {
  readonly lines: number
  readonly recorded: number
  readonly missing: number
  readonly long: number
  readonly doubtful: number
}

/** A person speaks it: a guide is heard, and still to be recorded. */
export function isRecorded(dub: Dub, line: Line): boolean {
  return line.take !== null && dub.takes[line.take]?.guide !== true
}

export function progressOf(dub: Dub): Progress {
  const count = (filter: Filter) => dub.lines.filter((line) => isIn(filter, dub, line)).length
  const spoken = dub.lines.filter((line) => line.status !== 'no_text')
  return {
    lines: spoken.length,
    recorded: spoken.filter((line) => isRecorded(dub, line)).length,
    missing: count('missing'),
    long: count('long'),
    doubtful: count('doubtful'),
  }
}

/** A line to confirm: its take of now, and the others that could be it. */
export interface Doubt {
  readonly line: Line
  readonly take: Take
  readonly others: readonly Take[]
}

/** What a person has to hear, the least sure first; *offered*: the take that was turned to, by line. */
export function doubts(dub: Dub, offered: ReadonlyMap<string, string> = new Map()): Doubt[] {
  const found: Doubt[] = []
  for (const line of dub.lines) {
    const first = doubtfulTake(dub, line)
    if (!first) continue
    const open = openTakes(dub, line)
    const take = open.find((each) => each.id === offered.get(line.uid)) ?? first
    found.push({ line, take, others: open.filter((each) => each !== take) })
  }
  return found.sort((a, b) => (least(a) ?? 0) - (least(b) ?? 0) || a.line.number - b.line.number)
}

function least(doubt: Doubt): number | null {
  return [doubt.take, ...doubt.others].reduce<number | null>(
    (most, take) => Math.max(most ?? 0, take.confidence ?? 0),
    null,
  )
}

/** Edges moved by whole samples, within the recording, never closer than 50 ms. */
export function movedEdges(
  take: { readonly start: Flicks; readonly end: Flicks },
  edge: 'start' | 'end',
  by: Flicks,
  length: Flicks,
): { start: Flicks; end: Flicks } {
  const whole = (time: Flicks) => Math.round(time / FLICKS_PER_SAMPLE) * FLICKS_PER_SAMPLE
  const least = FLICKS_PER_SECOND / 20
  if (edge === 'start')
    return {
      start: whole(Math.max(0, Math.min(take.end - least, take.start + by))),
      end: take.end,
    }
  return {
    start: take.start,
    end: whole(Math.min(length, Math.max(take.start + least, take.end + by))),
  }
}

/** The frame at which a line is parted so that its first half has this share of the time; else the flick. */
export function splitTime(
  line: Pick<Line, 'start' | 'end'>,
  share: number,
  grid: FrameGrid,
): Flicks {
  const exact = Math.round(
    line.start + (line.end - line.start) * Math.min(0.9, Math.max(0.1, share)),
  )
  const whole = grid.timeOf(grid.frameAt(exact))
  return whole > line.start && whole < line.end ? whole : exact
}
