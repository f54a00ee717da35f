/** Beside the active cue: its original, the terms in it, and what was said before for one like it. */
import { html, nothing, render } from 'lit'
import { ask } from '../shared/api.ts'
import { icon } from '../shared/icon.ts'
import { say } from '../shared/words.ts'

interface Term {
  readonly form: string
  readonly tk: readonly string[]
  readonly forbidden: readonly string[]
  readonly confidence: string
  readonly needs_linguist: boolean
  readonly note: string
}

interface Match {
  readonly source: string
  readonly target: string
  readonly score: number
  readonly in_context: boolean
  readonly origin: string
}

interface CueHelp {
  readonly source: string
  readonly terms: readonly Term[]
  readonly matches: readonly Match[]
}

const WAIT_MS = 250

export class Beside {
  private readonly root: HTMLElement
  private readonly address: string
  private readonly language: string
  private readonly insert: ((text: string) => void) | null
  private timer = 0
  private uid = ''
  private help: CueHelp | null = null

  constructor(
    root: HTMLElement,
    address: string,
    language: string,
    insert: ((text: string) => void) | null,
  ) {
    this.root = root
    this.address = address
    this.language = language
    this.insert = insert
  }

  /** Another cue is active. Asked for only when the person stays with it. */
  about(uid: string): void {
    if (uid === this.uid) return
    this.uid = uid
    this.help = null
    clearTimeout(this.timer)
    this.timer = window.setTimeout(() => void this.load(uid), WAIT_MS)
  }

  insertBest(): void {
    const best = this.help?.matches[0]
    if (best && this.insert) this.insert(best.target)
  }

  private async load(uid: string): Promise<void> {
    const address = `${this.address}/cues/${encodeURIComponent(uid)}/help`
    const answer = await ask<CueHelp>('GET', address)
    if (uid !== this.uid) return
    this.help = answer.ok ? answer.body : null
    this.draw()
  }

  private draw(): void {
    const { help } = this
    this.root.hidden = !help?.source
    if (!help) return
    render(
      html`<h2>${say('original')}</h2>
        <p class="cue-text" dir="auto">${help.source}</p>
        ${
          help.terms.length
            ? html`<h2>${say('terms')}</h2>
                <ul class="plain stack tight">
                  ${help.terms.map((term) => this.term(term))}
                </ul>`
            : nothing
        }
        ${
          help.matches.length
            ? html`<h2>${say('saidBefore')}</h2>
                <ul class="plain stack tight">
                  ${help.matches.map((match, i) => this.match(match, i))}
                </ul>`
            : nothing
        }`,
      this.root,
    )
  }

  private term(term: Term) {
    return html`<li title=${term.note || nothing}>
      ${term.form} → <strong lang="tk">${term.tk.join(' · ')}</strong>
      <span class="quiet small"
        >${term.confidence}${
          term.needs_linguist ? html` ${icon('attention')} ${say('toLinguist')}` : nothing
        }</span
      >
      ${
        term.forbidden.length
          ? html`<span class="small"
              >${say('never')} <del lang="tk">${term.forbidden.join(' · ')}</del></span
            >`
          : nothing
      }
    </li>`
  }

  private match(match: Match, index: number) {
    return html`<li class="row spread">
      <span class="grow">
        <span class="chip figures">${match.score} %</span>
        <span lang=${this.language} dir="auto">${match.target}</span>
        <span class="quiet small">${match.score < 100 ? match.source : ''} ${match.origin}</span>
      </span>
      ${
        this.insert
          ? html`<button type="button" class="plain" @click=${() => this.insert!(match.target)}>
              ${say('insert')}${index === 0 ? html` <kbd>Alt+R</kbd>` : nothing}
            </button>`
          : nothing
      }
    </li>`
  }
}
