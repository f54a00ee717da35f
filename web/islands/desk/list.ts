/** The cue list: only the rows in sight are in the page, and only the active one can be typed into. */
import {
  Virtualizer,
  elementScroll,
  observeElementOffset,
  observeElementRect,
} from '@tanstack/virtual-core'
import { html, nothing, render, type TemplateResult } from 'lit'
import { live } from 'lit/directives/live.js'
import { repeat } from 'lit/directives/repeat.js'
import type { Finding } from '../shared/api.ts'
import { QUICK, TOO_FAST, countCharacters, readingSpeed } from '../shared/count.ts'
import type { Cue, Cues } from '../shared/cues.ts'
import { drawText } from '../shared/markup.ts'
import type { FrameGrid } from '../shared/time.ts'
import { icon } from '../shared/icon.ts'
import { oneDecimal, say, sayCount } from '../shared/words.ts'

const PHONE = window.matchMedia('(max-width: 900px)')
const rowHeight = () => (PHONE.matches ? 88 : 64)

export interface ListHost {
  readonly grid: FrameGrid
  readonly language: string
  readonly canEdit: boolean
  cues(): Cues
  findings(uid: string): readonly Finding[]
  tell(finding: Finding): string
  activate(uid: string, focus: boolean): void
  type(uid: string, text: string): void
  /** Null when the time was taken, else why not. */
  retime(uid: string, which: 'start' | 'end', text: string): string | null
  nudge(uid: string, which: 'start' | 'end', frames: number): void
  restTyping(): void
  firstCue(): void
}

export class CueList {
  private readonly root: HTMLElement
  private readonly host: ListHost
  private readonly virtual: Virtualizer<HTMLElement, HTMLElement>
  private active = ''
  private now: ReadonlySet<string> = new Set()
  private problem: { uid: string; which: string; message: string } | null = null
  private asked = false

  constructor(root: HTMLElement, host: ListHost) {
    this.root = root
    this.host = host
    root.tabIndex = 0
    this.virtual = new Virtualizer<HTMLElement, HTMLElement>({
      count: host.cues().length,
      getScrollElement: () => root,
      estimateSize: rowHeight,
      getItemKey: (index) => host.cues()[index]?.uid ?? index,
      overscan: 8,
      observeElementRect,
      observeElementOffset,
      scrollToFn: elementScroll,
      onChange: () => this.ask(),
    })
    this.virtual._didMount()
    this.virtual._willUpdate()
    PHONE.addEventListener('change', () => this.virtual.measure())
    root.addEventListener('click', (event) => this.click(event))
    this.draw()
  }

  /** The cues changed, or what is said about them. */
  update(): void {
    const count = this.host.cues().length
    if (count !== this.virtual.options.count)
      this.virtual.setOptions({ ...this.virtual.options, count })
    this.ask()
  }

  setActive(uid: string, index: number, focus: boolean): void {
    const before = this.host.cues().findIndex((cue) => cue.uid === this.active)
    this.active = uid
    this.problem = null
    if (before >= 0) this.virtual.resizeItem(before, rowHeight())
    this.draw()
    if (index >= 0) {
      this.virtual.scrollToIndex(index, { align: 'auto' })
      this.draw()
    }
    if (focus) this.focusText()
  }

  setNow(uids: ReadonlySet<string>): void {
    if (uids.size === this.now.size && [...uids].every((uid) => this.now.has(uid))) return
    this.now = uids
    this.ask()
  }

  focusText(): void {
    const area = this.root.querySelector<HTMLTextAreaElement>('.cue.is-active textarea')
    if (area) area.focus()
    else this.root.focus()
  }

  get textArea(): HTMLTextAreaElement | null {
    return this.root.querySelector('.cue.is-active textarea')
  }

  private ask(): void {
    if (this.asked) return
    this.asked = true
    requestAnimationFrame(() => {
      this.asked = false
      this.draw()
    })
  }

  private click(event: Event): void {
    const target = event.target as HTMLElement
    const row = target.closest<HTMLElement>('.cue')
    const cue = row && this.host.cues()[Number(row.dataset.index)]
    if (cue && cue.uid !== this.active) this.host.activate(cue.uid, true)
  }

  private draw(): void {
    const cues = this.host.cues()
    if (cues.length === 0) {
      this.root.removeAttribute('role')
      render(this.nothingYet(), this.root)
      return
    }
    this.root.setAttribute('role', 'grid')
    this.root.setAttribute('aria-label', say('cueList'))
    this.root.setAttribute('aria-rowcount', String(cues.length))
    const items = this.virtual.getVirtualItems()
    render(
      html`<div class="all" role="rowgroup">
        ${repeat(
          items,
          (item) => item.key,
          (item) => this.row(item.index, cues[item.index]),
        )}
      </div>`,
      this.root,
    )
    // Places are set through the object model: a style attribute would need 'unsafe-inline'.
    const all = this.root.firstElementChild as HTMLElement
    all.style.height = `${this.virtual.getTotalSize()}px`
    const starts = new Map(items.map((item) => [String(item.index), item.start]))
    for (const row of all.children as HTMLCollectionOf<HTMLElement>) {
      row.style.transform = `translateY(${starts.get(row.dataset.index ?? '') ?? 0}px)`
      if (row.classList.contains('is-active')) this.virtual.measureElement(row)
    }
  }

  private nothingYet(): TemplateResult {
    return html`<div class="empty">
      <p>${say('noCues')}</p>
      ${
        this.host.canEdit
          ? html`<button type="button" @click=${() => this.host.firstCue()}>
              ${icon('plus')}${say('firstCue')}
            </button>`
          : nothing
      }
    </div>`
  }

  private row(index: number, cue: Cue | undefined): TemplateResult | typeof nothing {
    if (!cue) return nothing
    const active = cue.uid === this.active
    const { grid } = this.host
    const classes = `cue${active ? ' is-active' : ''}${this.now.has(cue.uid) ? ' is-now' : ''}`
    const number = html`<div class="cue-number" role="rowheader">${index + 1}</div>`
    if (active)
      return html`<div
        class=${classes}
        role="row"
        aria-rowindex=${index + 1}
        aria-selected="true"
        data-index=${index}
      >
        ${number}
        <div class="cue-edit" role="gridcell">${this.editor(index, cue)}</div>
      </div>`
    return html`<div
      class=${classes}
      role="row"
      aria-rowindex=${index + 1}
      aria-selected="false"
      data-index=${index}
    >
      ${number}
      <div class="cue-times" role="gridcell">
        <span>${grid.timecode(cue.start)}</span><br /><span>${grid.timecode(cue.end)}</span>
      </div>
      <div class="cue-words" role="gridcell" lang=${this.host.language} dir="auto">
        <span>${cue.text.includes('<') ? drawText(cue.text) : cue.text}</span>
      </div>
      <div class="cue-side" role="gridcell">${this.speed(cue)}${this.marks(cue)}</div>
    </div>`
  }

  private speed(cue: Cue): TemplateResult {
    const speed = readingSpeed(cue)
    const short = say('cpsShort', { n: oneDecimal(speed) })
    if (speed > TOO_FAST)
      return html`<span class="is-fast" title=${say('tooFast')}>${icon('failed')} ${short}</span>`
    if (speed > QUICK)
      return html`<span class="is-quick" title=${say('quick')}>${icon('attention')} ${short}</span>`
    return html`<span>${short}</span>`
  }

  private marks(cue: Cue): TemplateResult | typeof nothing {
    const found = this.host.findings(cue.uid)
    if (found.length === 0) return nothing
    const worst = found.some((each) => each.severity === 'error')
      ? 'error'
      : found.some((each) => each.severity === 'warning')
        ? 'warning'
        : 'hint'
    return html`<span
      class="is-${worst}"
      title=${found.map((each) => this.host.tell(each)).join('\n')}
      >${icon(SIGNS[worst])} ${found.length}<span class="hide"
        >${sayCount('findings', found.length)}</span
      ></span
    >`
  }

  private editor(index: number, cue: Cue): TemplateResult {
    const n = index + 1
    const { canEdit } = this.host
    const found = this.host.findings(cue.uid)
    const speed = readingSpeed(cue)
    const describe = `about-${cue.uid}`
    return html`
      <div class="times">${this.time(n, cue, 'start')}${this.time(n, cue, 'end')}</div>
      <textarea
        rows="2"
        maxlength="2000"
        lang=${this.host.language}
        dir="auto"
        spellcheck="false"
        aria-label=${say('textOf', { n })}
        aria-describedby=${describe}
        ?readonly=${!canEdit}
        .value=${live(cue.text)}
        @input=${(event: InputEvent) =>
          this.host.type(cue.uid, (event.target as HTMLTextAreaElement).value)}
        @blur=${() => this.host.restTyping()}
      ></textarea>
      <div id=${describe}>
        <div class="counts">
          ${sayCount('characters', countCharacters(cue.text))} ·
          <span class=${speed > TOO_FAST ? 'is-error' : speed > QUICK ? 'is-warning' : ''}
            >${speed > QUICK ? icon('attention') : nothing}
            ${say('cps', { n: oneDecimal(speed) })}${
              speed > TOO_FAST ? `, ${say('tooFast')}` : speed > QUICK ? `, ${say('quick')}` : ''
            }</span
          >
        </div>
        ${
          found.length > 0
            ? html`<ul>
                ${found.map(
                  (each) =>
                    html`<li class="is-${each.severity}">
                      ${icon(SIGNS[each.severity])} ${this.host.tell(each)}
                      <span class="quiet">${each.rule}</span>
                    </li>`,
                )}
              </ul>`
            : nothing
        }
      </div>
    `
  }

  private time(n: number, cue: Cue, which: 'start' | 'end'): TemplateResult {
    const { grid, canEdit } = this.host
    const id = `${which}-${cue.uid}`
    const problem =
      this.problem?.uid === cue.uid && this.problem.which === which ? this.problem : null
    const set = (event: Event) => {
      const message = this.host.retime(cue.uid, which, (event.target as HTMLInputElement).value)
      this.problem = message ? { uid: cue.uid, which, message } : null
      this.ask()
    }
    return html`<span class="time">
      <label for=${id}>${say(which)}</label>
      ${
        canEdit
          ? html`<button
              type="button"
              class="square plain"
              aria-label=${`${say(which)}: ${say('frameEarlier')}`}
              title=${say('frameEarlier')}
              @click=${() => this.host.nudge(cue.uid, which, -1)}
            >
              ${icon('minus')}
            </button>`
          : nothing
      }
      <input
        id=${id}
        type="text"
        inputmode="numeric"
        autocomplete="off"
        ?readonly=${!canEdit}
        aria-label=${say(which === 'start' ? 'startOf' : 'endOf', { n })}
        aria-invalid=${problem ? 'true' : 'false'}
        .value=${live(problem ? (this.field(id)?.value ?? '') : grid.timecode(cue[which]))}
        @change=${set}
      />
      ${
        canEdit
          ? html`<button
              type="button"
              class="square plain"
              aria-label=${`${say(which)}: ${say('frameLater')}`}
              title=${say('frameLater')}
              @click=${() => this.host.nudge(cue.uid, which, 1)}
            >
              ${icon('plus')}
            </button>`
          : nothing
      }
      ${problem ? html`<span class="is-error" role="alert">${problem.message}</span>` : nothing}
    </span>`
  }

  private field(id: string): HTMLInputElement | null {
    return this.root.querySelector<HTMLInputElement>(`#${CSS.escape(id)}`)
  }
}

const SIGNS = { error: 'failed', warning: 'attention', hint: 'info' } as const
