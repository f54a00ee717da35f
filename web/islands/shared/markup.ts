/** A cue's text in pieces of one look: only <i> <b> <u> and their ends are markup, any other < is text. */
export interface Piece {
  readonly text: string
  readonly italic: boolean
  readonly bold: boolean
  readonly underlined: boolean
}

export function pieces(text: string): Piece[] {
  const out: Piece[] = []
  const on = { i: false, b: false, u: false }
  for (const part of text.split(/(<\/?[ibu]>)/)) {
    const tag = /^<(\/?)([ibu])>$/.exec(part)
    if (tag) on[tag[2] as 'i' | 'b' | 'u'] = !tag[1]
    else if (part) out.push({ text: part, italic: on.i, bold: on.b, underlined: on.u })
  }
  return out
}

/** The text as DOM nodes; never by innerHTML. */
export function drawText(text: string): DocumentFragment {
  const all = document.createDocumentFragment()
  for (const piece of pieces(text)) {
    let node: Node = document.createTextNode(piece.text)
    for (const [wanted, name] of [
      [piece.italic, 'i'],
      [piece.bold, 'b'],
      [piece.underlined, 'u'],
    ] as const)
      if (wanted) {
        const around = document.createElement(name)
        around.append(node)
        node = around
      }
    all.append(node)
  }
  return all
}
