/** How much there is to say: the rule of workflow/dub/script.py syllables, and what follows for a text being edited. */
import { plain } from '../shared/count.ts'

const VOWELS = new Set('aeiouyäöüáéíóúâêîôûàèëïåæøаеёиоуыэюяәөүі')
const DIRECTION = /\[[^\]]*\]|\([^)]*\)|♪/g
const NUMBER = /\d{1,3}(?:[ \u00a0]\d{3})+(?!\d)|\d+/g
const ONES = ['', 'bir', 'iki', 'üç', 'dört', 'bäş', 'alty', 'ýedi', 'sekiz', 'dokuz']
const TENS = ['', 'on', 'ýigrimi', 'otuz', 'kyrk', 'elli', 'altmyş', 'ýetmiş', 'segsen', 'togsan']
const GROUPS = ['', 'müň', 'million', 'milliard']

/** What is said of a text: no markup, no directions, one row. */
export function spokenText(text: string): string {
  return plain(text)
    .replace(DIRECTION, ' ')
    .split(/\s+/)
    .filter(Boolean)
    .join(' ')
    .replace(/^[-–— ]+/, '')
}

/** A whole number in Turkmen: 1985 is "müň dokuz ýüz segsen bäş". */
export function numberInWords(number: number): string {
  if (number === 0) return 'nol'
  const words: string[] = []
  for (let power = GROUPS.length - 1; power >= 0; power--) {
    const group = Math.floor(number / 1000 ** power) % 1000
    if (!group) continue
    const [hundreds, rest] = [Math.floor(group / 100), group % 100]
    if (hundreds) words.push(hundreds > 1 ? ONES[hundreds]! : '', 'ýüz')
    words.push(TENS[Math.floor(rest / 10)]!, power === 1 && group === 1 ? '' : ONES[rest % 10]!)
    words.push(GROUPS[power]!)
  }
  return words.filter(Boolean).join(' ')
}

/** Syllables of Turkmen: its vowels. Numerals count as they are written in words. */
export function syllables(text: string): number {
  const words = spokenText(text).replace(NUMBER, (found) => {
    const digits = found.replace(/\D/g, '')
    return digits.length <= 12 ? numberInWords(Number(digits)) : found
  })
  let count = 0
  for (const char of words.toLowerCase()) if (VOWELS.has(char)) count++
  return count
}

/** A line as the server counted it: its syllables, those that have room, and those that its take has too many. */
export interface Counted {
  readonly text: string
  readonly syllables: number
  readonly room: number
  readonly cut: number
  readonly take: string | null
}

/**
 * Syllables to cut from a text that is being edited. Where a take was heard, its length decides; before there
 * is one, what a calm reader says in that time.
 */
export function toCut(line: Counted, text: string): number {
  const now = syllables(text)
  const fits = line.take === null ? line.room : Math.max(line.syllables - line.cut, 0)
  return Math.max(
    0,
    now - (line.take !== null && line.cut === 0 ? Math.max(fits, line.room) : fits),
  )
}
