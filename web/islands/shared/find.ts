/** Find and replace over cues: plain text, capitals do not matter when the wanted text has none. */
import { inOrder, type Cues } from './cues.ts'

function pattern(what: string): RegExp {
  const literal = what.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(literal, what === what.toLowerCase() ? 'giu' : 'gu')
}

/** Indexes of the cues that hold it. */
export function findCues(cues: Cues, what: string): number[] {
  if (!what) return []
  const wanted = pattern(what)
  return cues.flatMap((cue, i) => (cue.text.search(wanted) >= 0 ? [i] : []))
}

/** Everywhere, or in one cue only. Returns the list (the same one when nothing was found) and the count. */
export function replaceText(
  cues: Cues,
  what: string,
  by: string,
  only?: string,
): readonly [Cues, number] {
  if (!what) return [cues, 0]
  let count = 0
  const wanted = pattern(what)
  const changed = cues.map((cue) => {
    if (only !== undefined && cue.uid !== only) return cue
    const text = cue.text.replace(wanted, () => {
      count++
      return by
    })
    return text === cue.text ? cue : { ...cue, text }
  })
  return count ? [inOrder(changed), count] : [cues, 0]
}
