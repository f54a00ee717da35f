/** How many characters a viewer reads, and how fast: the rule of workflow/tracks/text.py count_characters. */
import type { Cue } from './cues.ts'
import { FLICKS_PER_SECOND } from './time.ts'

const TAG = /<\/?[ibu]>/g
const OVERRIDE = /\{\\[^{}]*\}/g
const ZERO_WIDTH = /[\u200b\u200c\u2060\ufeff\u00ad\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g
const clusters = new Intl.Segmenter('und', { granularity: 'grapheme' })

/** Without the six tags. */
export function plain(text: string): string {
  return text.replace(TAG, '')
}

/** NFC, tags and {\…} dropped, zero-width marks dropped, then grapheme clusters; a line break counts 0. */
export function countCharacters(text: string): number {
  const shown = plain(text.normalize('NFC')).replace(OVERRIDE, '').replace(ZERO_WIDTH, '')
  if (/^[\x20-\x7e\n]*$/.test(shown)) return shown.length - (shown.match(/\n/g)?.length ?? 0)
  let count = 0
  for (const line of shown.split('\n')) for (const _ of clusters.segment(line)) count++
  return count
}

/** Characters a second, not rounded; Infinity for a cue without length. */
export function readingSpeed(cue: Cue): number {
  return (countCharacters(cue.text) * FLICKS_PER_SECOND) / (cue.end - cue.start)
}

/** Above these a line is quick, or too fast, to read (subtitles.md T03, training-film). */
export const QUICK = 15
export const TOO_FAST = 17
