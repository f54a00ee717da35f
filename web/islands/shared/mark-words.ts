/** Which words of two texts differ: what both begin with and end with is the same, the middle is not. */
export interface Marked {
  readonly head: string
  readonly old: string
  readonly now: string
  readonly tail: string
}

export function markWords(before: string, after: string): Marked {
  const a = pieces(before)
  const b = pieces(after)
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (
    end < a.length - start &&
    end < b.length - start &&
    a[a.length - 1 - end] === b[b.length - 1 - end]
  )
    end++
  return {
    head: a.slice(0, start).join(''),
    old: a.slice(start, a.length - end).join(''),
    now: b.slice(start, b.length - end).join(''),
    tail: a.slice(a.length - end).join(''),
  }
}

function pieces(text: string): string[] {
  return text.match(/\s+|[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]/gu) ?? []
}
