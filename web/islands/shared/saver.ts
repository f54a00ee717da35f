/**
 * Keeps a draft safe. Each change is written to this computer first, then the whole draft is sent with the
 * ETag it came from; the server merges what others saved meanwhile, or names the cues that clash. "Saved"
 * is said only when the server said so. No DOM, no network, no clock of its own: all three come in.
 */
import { countChanges, inOrder, mergeCues, type Conflict, type Cue, type Cues } from './cues.ts'

export interface Waiting {
  readonly etag: string
  readonly saved: Cues
  readonly cues: Cues
}

/** Where changes wait on this computer. */
export interface Store {
  put(waiting: Waiting): Promise<void>
  remove(): Promise<void>
}

export type Sent =
  | { readonly kind: 'saved'; readonly etag: string; readonly cues: Cues; readonly merged: number }
  | { readonly kind: 'clash'; readonly etag: string; readonly cues: Cues }
  | { readonly kind: 'offline' | 'signed-out' }
  | { readonly kind: 'refused'; readonly message: string }

export type State =
  | { readonly kind: 'saved' }
  | { readonly kind: 'saving' }
  | { readonly kind: 'waiting'; readonly changes: number; readonly offline: boolean }
  | { readonly kind: 'signed-out'; readonly changes: number }
  | { readonly kind: 'refused'; readonly message: string; readonly changes: number }
  | { readonly kind: 'clash'; readonly conflicts: readonly Conflict[]; readonly changes: number }

export interface Parts {
  readonly store: Store
  send(etag: string, cues: Cues): Promise<Sent>
  later(ms: number, run: () => void): () => void
  said(state: State): void
  /** The server's draft holds others' changes too: this is the list to go on with. */
  joined(cues: Cues, count: number): void
}

const REST_MS = 250
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000

export class Saver {
  private readonly parts: Parts
  private saved: Cues
  private now: Cues
  etag: string
  private cancel: (() => void) | null = null
  private busy: Promise<void> | null = null
  private wait = FIRST_WAIT_MS
  private clash: { etag: string; theirs: Cues; conflicts: readonly Conflict[] } | null = null
  private stored: Cues | null = null
  /** The last try did not reach the server: "waiting" stays on the line until one does. */
  private away = false

  constructor(parts: Parts, etag: string, cues: Cues) {
    this.parts = parts
    this.etag = etag
    this.saved = cues
    this.now = cues
  }

  get changes(): number {
    return countChanges(this.saved, this.now)
  }

  /** Go on with what waited on this computer since an earlier visit. */
  recover(waiting: Waiting): void {
    this.etag = waiting.etag
    this.saved = waiting.saved
    this.change(waiting.cues)
  }

  change(cues: Cues): void {
    this.now = cues
    if (!this.clash && !this.away) this.parts.said({ kind: 'saving' })
    this.schedule(REST_MS)
  }

  private schedule(ms: number): void {
    this.cancel?.()
    this.cancel = this.parts.later(ms, () => {
      this.cancel = null
      void this.flush()
    })
  }

  /** Store and send now. True when the server has everything. */
  async flush(): Promise<boolean> {
    this.cancel?.()
    this.cancel = null
    while (this.busy) await this.busy
    this.busy = this.work().finally(() => {
      this.busy = null
    })
    await this.busy
    return this.changes === 0 && !this.clash
  }

  private async work(): Promise<void> {
    await this.keep()
    if (this.clash) {
      this.tellClash()
      return
    }
    if (this.changes === 0) {
      await this.forget()
      this.parts.said({ kind: 'saved' })
      return
    }
    const sent = this.now
    if (!this.away) this.parts.said({ kind: 'saving' })
    const answer = await this.parts.send(this.etag, sent)
    await this.after(sent, answer)
  }

  private async keep(): Promise<void> {
    if (this.changes === 0 || this.stored === this.now) return
    const { etag, saved, now } = this
    await this.parts.store.put({ etag, saved, cues: now })
    this.stored = now
  }

  private async forget(): Promise<void> {
    this.stored = null
    await this.parts.store.remove()
  }

  private async after(sent: Cues, answer: Sent): Promise<void> {
    this.away = answer.kind === 'offline'
    switch (answer.kind) {
      case 'saved':
        this.wait = FIRST_WAIT_MS
        await this.take(sent, answer)
        break
      case 'clash':
        this.meet(this.saved, answer)
        await this.keep()
        if (!this.clash) {
          this.parts.joined(this.now, 0)
          this.schedule(0)
        }
        break
      case 'refused':
        this.parts.said({ kind: 'refused', message: answer.message, changes: this.changes })
        break
      case 'signed-out':
        this.parts.said({ kind: 'signed-out', changes: this.changes })
        this.tryAgain()
        break
      case 'offline':
        this.parts.said({ kind: 'waiting', changes: this.changes, offline: true })
        this.tryAgain()
    }
  }

  private tryAgain(): void {
    this.schedule(this.wait)
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS)
  }

  private async take(sent: Cues, answer: Sent & { kind: 'saved' }): Promise<void> {
    if (countChanges(sent, answer.cues) === 0) {
      this.etag = answer.etag
      this.saved = sent
    } else {
      this.meet(sent, answer)
      if (!this.clash) this.parts.joined(this.now, answer.merged)
    }
    if (this.changes > 0) {
      this.stored = null
      await this.keep()
      if (!this.clash) this.schedule(0)
    } else {
      await this.forget()
      this.parts.said({ kind: 'saved' })
    }
  }

  /** The server's cues worked into mine over what both came from. */
  private meet(base: Cues, answer: { etag: string; cues: Cues }): void {
    const { cues, conflicts } = mergeCues(base, this.now, answer.cues)
    if (conflicts.length > 0) {
      this.saved = base
      this.clash = { etag: answer.etag, theirs: answer.cues, conflicts }
      this.tellClash()
      return
    }
    this.etag = answer.etag
    this.saved = answer.cues
    this.now = cues
    this.clash = null
  }

  private tellClash(): void {
    if (this.clash)
      this.parts.said({
        kind: 'clash',
        conflicts: this.clash.conflicts,
        changes: this.changes,
      })
  }

  /** What the person chose for each cue that clashed. */
  resolve(choices: ReadonlyMap<string, 'mine' | 'theirs'>): void {
    if (!this.clash) return
    const { etag, theirs } = this.clash
    const their = new Map(theirs.map((cue) => [cue.uid, cue]))
    const mine = new Map(this.now.map((cue) => [cue.uid, cue]))
    const merged = new Map(mergeCues(this.saved, this.now, theirs).cues.map((c) => [c.uid, c]))
    for (const [uid, choice] of choices) {
      const cue: Cue | undefined = (choice === 'theirs' ? their : mine).get(uid)
      if (cue) merged.set(uid, cue)
      else merged.delete(uid)
    }
    this.clash = null
    this.etag = etag
    this.saved = theirs
    this.now = inOrder([...merged.values()].sort((a, b) => a.start - b.start || a.end - b.end))
    this.stored = null
    this.parts.joined(this.now, 0)
    this.schedule(0)
  }
}
