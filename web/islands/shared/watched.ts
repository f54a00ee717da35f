/** Which parts of the film were really played: the evidence behind a verdict. Pure, in flicks. */
import type { Flicks } from './time.ts'

export interface Span {
  readonly start: Flicks
  readonly end: Flicks
}

/** Above this speed nobody is reading. */
export const FASTEST = 1.25

export class Watched {
  /** In order, apart from one another. */
  spans: Span[] = []

  add(start: Flicks, end: Flicks): void {
    if (end <= start) return
    let [low, high] = [start, end]
    const apart: Span[] = []
    for (const span of this.spans) {
      if (span.end < low || span.start > high) apart.push(span)
      else {
        low = Math.min(low, span.start)
        high = Math.max(high, span.end)
      }
    }
    apart.push({ start: low, end: high })
    this.spans = apart.sort((a, b) => a.start - b.start)
  }

  /** Thousandths of the time of *wanted* that were played; 1000 when nothing is wanted. */
  permille(wanted: readonly Span[]): number {
    let all = 0
    let seen = 0
    for (const want of wanted) {
      all += want.end - want.start
      for (const span of this.spans)
        seen += Math.max(0, Math.min(want.end, span.end) - Math.max(want.start, span.start))
    }
    return all === 0 ? 1000 : Math.floor((seen * 1000) / all)
  }
}

/** Places to play one after the other: each span with *around* on both sides, those that touch joined. */
export function playlist(spans: readonly Span[], around: Flicks, filmEnd: Flicks): Span[] {
  const all = new Watched()
  for (const span of spans)
    all.add(Math.max(0, span.start - around), Math.min(filmEnd, span.end + around))
  return all.spans
}
