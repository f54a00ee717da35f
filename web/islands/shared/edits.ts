/** Undo and redo over whole lists of cues: lists share what did not change, so a step costs one cue. */
import type { Cues } from './cues.ts'

const KEPT = 500

interface Step {
  readonly before: Cues
  readonly about: string
}

export class Edits {
  now: Cues
  private undone: Step[] = []
  private done: Step[] = []

  constructor(cues: Cues) {
    this.now = cues
  }

  /** A change. Those with the same *about* ("text of cue 7"), one after the other, are one step back. */
  make(cues: Cues, about: string): void {
    if (cues === this.now) return
    const last = this.done.at(-1)
    if (!about || last?.about !== about || this.undone.length > 0) {
      this.done.push({ before: this.now, about })
      if (this.done.length > KEPT) this.done.shift()
    }
    this.undone = []
    this.now = cues
  }

  /** The next change starts a step of its own, whatever it is about. */
  rest(): void {
    const last = this.done.at(-1)
    if (last) this.done[this.done.length - 1] = { ...last, about: '' }
  }

  undo(): boolean {
    const step = this.done.pop()
    if (!step) return false
    this.undone.push({ before: this.now, about: '' })
    this.now = step.before
    return true
  }

  redo(): boolean {
    const step = this.undone.pop()
    if (!step) return false
    this.done.push({ before: this.now, about: '' })
    this.now = step.before
    return true
  }

  /** The list changed under the editor (others' edits came in): what was done before cannot be undone. */
  replace(cues: Cues): void {
    this.now = cues
    this.done = []
    this.undone = []
  }
}
