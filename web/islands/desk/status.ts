/**
 * The line that says whether everything is safe. It changes at most once a second, for those who hear it;
 * only "Saved" goes at once when it is no longer so.
 */
import type { State } from '../shared/saver.ts'
import { say, sayCount } from '../shared/words.ts'

const LEAST_MS = 1000

export class StatusLine {
  private readonly line: HTMLElement
  private wanted: { text: string; tone: string } | null = null
  private last = 0
  private tone = ''
  private timer = 0

  constructor(line: HTMLElement) {
    this.line = line
  }

  show(state: State): void {
    const [text, tone] = wordsOf(state)
    this.say(text, tone)
  }

  say(text: string, tone: string): void {
    this.wanted = { text, tone }
    const untrue = this.tone === 'saved' && tone !== 'saved'
    const wait = untrue ? 0 : this.last + LEAST_MS - Date.now()
    clearTimeout(this.timer)
    if (wait <= 0) this.write()
    else this.timer = window.setTimeout(() => this.write(), wait)
  }

  private write(): void {
    if (!this.wanted) return
    this.last = Date.now()
    this.tone = this.wanted.tone
    if (this.line.textContent !== this.wanted.text) this.line.textContent = this.wanted.text
    this.line.className = `save-line is-${this.wanted.tone}`
  }
}

function wordsOf(state: State): [string, string] {
  switch (state.kind) {
    case 'saved':
      return [say('saved'), 'saved']
    case 'saving':
      return [say('saving'), 'saving']
    case 'waiting':
      return [
        `${state.offline ? `${say('offline')} ` : ''}${sayCount('waiting', state.changes)}`,
        'waiting',
      ]
    case 'signed-out':
      return [`${say('signedOut')} ${sayCount('waiting', state.changes)}`, 'refused']
    case 'refused':
      return [
        `${say('refused', { message: state.message })} ${sayCount('waiting', state.changes)}`,
        'refused',
      ]
    case 'clash':
      return [`${say('conflictTitle')}. ${sayCount('waiting', state.changes)}`, 'refused']
  }
}
