/** The tag that a film of ours carries in itself; the same search as workflow/delivery/tags.py. */

/** Bytes at either end of a file that are searched: containers keep a comment near one of them. */
export const ENDS = 16 * 1024 * 1024

const TAGS = [
  /Terjime final · track [0-9a-f]{16} · film [0-9a-f]{16} · recipe [0-9a-f]{16}/,
  /track v\d{1,6} · [0-9a-f]{8} · \d{4}-\d\d-\d\d \d\d:\d\d UTC · REVIEW/,
  /\{"recipe":"[0-9a-f]{64}"[^{}\0]{0,600}?"track":"[0-9a-f]{64}"\}/,
]

/** The tag's text in part of a file; "" if there is none. */
export function tagIn(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes)
  for (const tag of TAGS) {
    const found = tag.exec(text)
    if (found) return found[0]
  }
  return ''
}

/** The text of the tag that a film carries; "" if it carries none of ours. */
export async function tagOf(file: Blob): Promise<string> {
  const first = tagIn(new Uint8Array(await file.slice(0, ENDS).arrayBuffer()))
  if (first || file.size <= ENDS) return first
  const last = file.slice(Math.max(ENDS, file.size - ENDS))
  return tagIn(new Uint8Array(await last.arrayBuffer()))
}
