/** Which changes of the lines this page made, so that they can be taken back. Pure, no DOM. */

interface State {
  readonly etag: string
  readonly revision: number
}

/** What the server is asked to take back: from *after* to *before*, whatever others changed since. */
export interface Step {
  readonly before: string
  readonly after: string
}

const MOST = 100

export class Changes {
  private readonly done: Step[] = []
  private taken: Step[] = []

  /** The change from one state to the next. One that holds saves of others too is not ours to take back. */
  note(before: State, after: State): void {
    if (after.etag === before.etag || after.revision !== before.revision + 1) return
    this.done.push({ before: before.etag, after: after.etag })
    if (this.done.length > MOST) this.done.shift()
    this.taken = []
  }

  get undoable(): Step | undefined {
    return this.done.at(-1)
  }

  undone(): void {
    const step = this.done.pop()
    if (step) this.taken.push({ before: step.after, after: step.before })
  }

  get redoable(): Step | undefined {
    return this.taken.at(-1)
  }

  redone(): void {
    const step = this.taken.pop()
    if (step) this.done.push({ before: step.after, after: step.before })
  }
}
