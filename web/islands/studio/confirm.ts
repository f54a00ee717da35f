/**
 * Locate and confirm: what was found in a long recording and is not sure, the least sure first. Each take is heard,
 * then accepted, moved, or left; what nobody accepted stays out of the mix.
 */
import { html, nothing, render, type TemplateResult } from 'lit'
import { ask } from '../shared/api.ts'
import { bindCommands } from '../shared/commands.ts'
import { icon } from '../shared/icon.ts'
import { FLICKS_PER_SECOND, type Flicks } from '../shared/time.ts'
import { oneDecimal, say, sayCount, sayIn } from '../shared/words.ts'
import { drawPoints, onRepaint, pointsOf } from './draw.ts'
import { doubts, movedEdges, progressOf, type Doubt, type Dub, type Recording } from './dub.ts'
import { refusal } from './messages.ts'

interface Props {
  readonly track: string
  readonly language: string
  readonly canEdit: boolean
  readonly address: string
  readonly studio: string
  readonly dub: Dub
}

interface Edges {
  readonly start: Flicks
  readonly end: Flicks
}

const AROUND = FLICKS_PER_SECOND
const STEP = FLICKS_PER_SECOND / 50 // 20 ms
const GRIP = 10 // px

export function mount(root: HTMLElement): () => void {
  return new Confirm(root).start()
}

class Confirm {
  private readonly root: HTMLElement
  private readonly props: Props
  private readonly audio = new Audio()
  private dub: Dub
  private here = ''
  private readonly offered = new Map<string, string>()
  /** Edges that were moved and not accepted yet, by take. */
  private readonly moved = new Map<string, Edges>()
  /** Takes that were decided on with one key each, the last at the end. */
  private readonly done: (readonly string[])[] = []
  private told = ''
  private shares = new Map<string, { permille: number; doing: string }>()
  private timer = 0
  private busy = false
  private dragging: 'start' | 'end' | null = null

  constructor(root: HTMLElement) {
    this.root = root
    this.props = JSON.parse(root.querySelector('[data-props]')!.textContent!) as Props
    this.dub = this.props.dub
    this.here = this.doubts[0]?.line.uid ?? ''
  }

  start(): () => void {
    const at = (run: (doubt: Doubt) => void) => () => {
      const doubt = this.doubt
      if (doubt) run(doubt)
    }
    const unbind = bindCommands(this.root, 'confirm', {
      'confirm/play': at((doubt) => this.play(doubt)),
      'confirm/accept': at((doubt) => void this.accept(doubt)),
      'confirm/next-take': at((doubt) => this.nextTake(doubt)),
      'confirm/not-recorded': at((doubt) => void this.notRecorded(doubt)),
      'confirm/undo': () => void this.undo(),
      'confirm/next': () => this.step(1),
      'confirm/previous': () => this.step(-1),
      'confirm/start-earlier': at((doubt) => this.move(doubt, 'start', -STEP)),
      'confirm/start-later': at((doubt) => this.move(doubt, 'start', STEP)),
      'confirm/end-earlier': at((doubt) => this.move(doubt, 'end', -STEP)),
      'confirm/end-later': at((doubt) => this.move(doubt, 'end', STEP)),
    })
    const unpaint = onRepaint(() => this.paint())
    this.draw()
    void this.watch()
    return () => {
      unbind()
      unpaint()
      clearTimeout(this.timer)
      this.audio.pause()
    }
  }

  private get doubts(): readonly Doubt[] {
    return doubts(this.dub, this.offered)
  }

  private get doubt(): Doubt | undefined {
    return this.doubts.find((doubt) => doubt.line.uid === this.here)
  }

  private recording(doubt: Doubt): Recording | undefined {
    return this.dub.recordings.find((each) => each.id === doubt.take.recording)
  }

  private edges(doubt: Doubt): Edges {
    return this.moved.get(doubt.take.id) ?? doubt.take
  }

  // --- the server ------------------------------------------------------------------------------

  private async decide(take: string, body: object, kept = true): Promise<boolean> {
    if (this.busy || !this.props.canEdit) return false
    this.busy = true
    const before = this.doubts.map((doubt) => doubt.line.uid)
    const answer = await ask<Dub>('POST', `/api/v1/takes/${take}/verdict`, body)
    this.busy = false
    if (answer.ok) {
      this.told = ''
      this.dub = answer.body
      this.moved.delete(take)
      if (kept) this.done.push([take])
      this.moveOn(before)
    } else
      this.told = answer.error
        ? refusal(answer.error)
        : `${say('offline')} ${say('confirmNothingChanged')}`
    this.draw()
    return answer.ok
  }

  /** The line that followed the one that was decided on. */
  private moveOn(before: readonly string[]): void {
    const open = new Set(this.doubts.map((doubt) => doubt.line.uid))
    if (open.has(this.here)) return
    const place = before.indexOf(this.here)
    this.here =
      before.slice(place + 1).find((uid) => open.has(uid)) ?? this.doubts[0]?.line.uid ?? ''
  }

  private async accept(doubt: Doubt): Promise<void> {
    const edges = this.moved.get(doubt.take.id)
    await this.decide(
      doubt.take.id,
      edges ? { verdict: 'moved', ...edges } : { verdict: 'accepted' },
    )
  }

  private async notRecorded(doubt: Doubt): Promise<void> {
    const left: string[] = []
    for (const take of [doubt.take, ...doubt.others])
      if (await this.decide(take.id, { verdict: 'rejected' }, false)) left.push(take.id)
    if (left.length) this.done.push(left)
  }

  private async undo(): Promise<void> {
    const takes = this.done.pop()
    if (!takes) {
      this.told = say('nothingToUndo')
      this.draw()
      return
    }
    for (const take of takes)
      if (!(await this.decide(take, { verdict: 'to_confirm' }, false))) {
        this.done.push(takes)
        return
      }
    this.here = this.dub.takes[takes[0]!]?.line ?? this.here
    this.draw()
  }

  /** How far locating is, until it is over. */
  private async watch(): Promise<void> {
    const running = this.dub.recordings.filter(isRunning)
    if (running.length === 0) return
    for (const each of running) {
      if (!each.job) continue
      const answer = await ask<{ permille: number; doing?: string }>(
        'GET',
        `/api/v1/jobs/${each.job}`,
      )
      if (answer.ok)
        this.shares.set(each.id, {
          permille: answer.body.permille,
          doing: answer.body.doing ?? '',
        })
    }
    const answer = await ask<Dub>('GET', `${this.props.address}/dub`)
    if (answer.ok) {
      this.dub = answer.body
      if (!this.doubt) this.here = this.doubts[0]?.line.uid ?? ''
    }
    this.draw()
    this.timer = window.setTimeout(() => void this.watch(), 1000)
  }

  // --- hearing and moving ----------------------------------------------------------------------

  private play(doubt: Doubt): void {
    if (!this.audio.paused) {
      this.audio.pause()
      return
    }
    const { start, end } = this.edges(doubt)
    this.audio.src = `/api/v1/recordings/${doubt.take.recording}/sound?from=${start}&to=${end}&as=aac`
    void this.audio.play().catch(() => {
      this.told = say('studioCannotPlay')
      this.draw()
    })
  }

  private nextTake(doubt: Doubt): void {
    const next = [...doubt.others].sort((a, b) => a.start - b.start)
    const after = next.find((take) => take.start > doubt.take.start) ?? next[0]
    if (!after) return
    this.offered.set(doubt.line.uid, after.id)
    this.draw()
    this.play(this.doubt!)
  }

  private step(by: number): void {
    const all = this.doubts
    const at = all.findIndex((doubt) => doubt.line.uid === this.here)
    const next = all[Math.max(0, Math.min(all.length - 1, at + by))]
    if (!next) return
    this.audio.pause()
    this.here = next.line.uid
    this.draw()
    this.root.querySelector('[aria-current="true"]')?.scrollIntoView({ block: 'nearest' })
  }

  private move(doubt: Doubt, edge: 'start' | 'end', by: Flicks): void {
    const length = (this.recording(doubt)?.seconds ?? 0) * FLICKS_PER_SECOND
    this.moved.set(doubt.take.id, movedEdges(this.edges(doubt), edge, by, length))
    this.draw()
  }

  private readonly down = (event: PointerEvent) => {
    const doubt = this.doubt
    if (!doubt || !this.props.canEdit) return
    const canvas = event.currentTarget as HTMLCanvasElement
    const { from, span } = stretchOf(doubt)
    const x = (time: Flicks) => ((time - from) / span) * canvas.clientWidth
    const { start, end } = this.edges(doubt)
    const [left, right] = [x(start) - event.offsetX, x(end) - event.offsetX].map(Math.abs)
    if (Math.min(left!, right!) > GRIP) return
    this.dragging = left! <= right! ? 'start' : 'end'
    canvas.setPointerCapture(event.pointerId)
  }

  private readonly drag = (event: PointerEvent) => {
    const doubt = this.doubt
    if (!this.dragging || !doubt) return
    const canvas = event.currentTarget as HTMLCanvasElement
    const { from, span } = stretchOf(doubt)
    const time = from + (event.offsetX / Math.max(1, canvas.clientWidth)) * span
    this.move(doubt, this.dragging, time - this.edges(doubt)[this.dragging])
  }

  private readonly up = () => {
    this.dragging = null
  }

  // --- drawing ---------------------------------------------------------------------------------

  private draw(): void {
    const box = this.root.querySelector<HTMLElement>('[data-part="confirm"]')!
    const open = this.doubts
    const counted = progressOf(this.dub)
    const long = this.dub.recordings.filter((each) => each.kind === 'long')
    render(
      html`${long.map((each) => this.recordingNote(each))}
        <div class="note ${this.told ? 'tone-changes' : ''}" role="status">
          ${icon(this.told ? 'attention' : 'info')}
          <div>
            ${this.told || sayCount('confirmOpen', open.length)}
            ${
              counted.missing
                ? html`<span class="quiet">${sayCount('confirmMissing', counted.missing)}</span>`
                : nothing
            }
          </div>
        </div>
        ${
          open.length
            ? html`<ol class="plain card flush">
                ${open.map((doubt) => this.row(doubt))}
              </ol>`
            : html`<div class="empty card stack">
                <p>
                  ${say(long.some((each) => each.state === 'located') ? 'confirmAllDone' : 'confirmNothing')}
                </p>
                <div class="row">
                  <a class="button primary" href=${this.props.studio}
                    >${icon('record')}${say('confirmToStudio')}</a
                  >
                  ${
                    this.done.length
                      ? html`<button type="button" data-command="confirm/undo">
                          ${icon('undo')}${say('confirmUndo')} <kbd>U</kbd>
                        </button>`
                      : nothing
                  }
                </div>
              </div>`
        }`,
      box,
    )
    this.paint()
  }

  private recordingNote(each: Recording): TemplateResult {
    const share = this.shares.get(each.id)
    const running = isRunning(each)
    return html`<div class="card stack tight">
      <div class="row spread">
        <strong><bdi>${each.name}</bdi></strong>
        <span class="quiet small">${sayIn('recordingStates', each.state)}</span>
      </div>
      ${
        running
          ? html`<progress
                max="1000"
                .value=${share?.permille ?? 0}
                aria-label=${say('confirmLocating')}
              ></progress>
              <span class="small quiet"
                >${say('confirmLocating')}
                ${share ? `${Math.floor(share.permille / 10)} %` : nothing}</span
              >`
          : nothing
      }
      ${each.findings.map(
        (finding) =>
          html`<div class="small">
            ${icon('attention')}
            <span title=${finding.message}>${sayIn('soundFindings', finding.code)}</span>
            <span class="code">${finding.code}</span>
          </div>`,
      )}
      ${
        each.state === 'failed'
          ? html`<div class="note tone-failed">
              ${icon('failed')}
              <div>${each.error ? refusal(each.error) : say('confirmFailed')}</div>
              ${
                this.props.canEdit
                  ? html`<button type="button" @click=${() => void this.again(each)}>
                      ${icon('retry')}${say('confirmAgain')}
                    </button>`
                  : nothing
              }
            </div>`
          : nothing
      }
    </div>`
  }

  private async again(recording: Recording): Promise<void> {
    const answer = await ask('POST', `/api/v1/recordings/${recording.id}/locate`, {})
    if (!answer.ok) this.told = refusal(answer.error)
    const now = await ask<Dub>('GET', `${this.props.address}/dub`)
    if (now.ok) this.dub = now.body
    this.draw()
    void this.watch()
  }

  private row(doubt: Doubt): TemplateResult {
    const { line, take, others } = doubt
    const current = line.uid === this.here
    const sure = Math.round((take.confidence ?? 0) * 100)
    const tone = sure >= 80 ? 'review' : sure >= 50 ? 'changes' : 'failed'
    return html`<li
      class="doubt ${current ? 'is-here' : ''}"
      aria-current=${current ? 'true' : nothing}
      @click=${() => {
        if (this.here === line.uid) return
        this.here = line.uid
        this.draw()
      }}
    >
      <span class="cue-number">${line.number}</span>
      <div class="stack tight grow">
        <p class="cue-text" lang=${this.props.language} dir="auto">${line.text}</p>
        <div class="row tight">
          <span class="state tone-${tone}"
            >${icon(sure >= 80 ? 'info' : 'attention')}${say('confirmSure', { n: sure })}</span
          >
          ${take.flags.map((flag) => html`<span class="chip">${sayIn('takeFlags', flag)}</span>`)}
          ${
            others.length
              ? html`<span class="small quiet">${sayCount('confirmOthers', others.length)}</span>`
              : nothing
          }
          ${
            this.moved.has(take.id)
              ? html`<span class="small is-warning">${say('confirmMoved')}</span>`
              : nothing
          }
        </div>
        ${current ? this.tools(doubt) : nothing}
      </div>
    </li>`
  }

  private tools(doubt: Doubt): TemplateResult {
    const { canEdit } = this.props
    const { start, end } = this.edges(doubt)
    const button = (command: string, mark: string, label: string, key: string, kind = '') =>
      html`<button type="button" class=${kind} data-command=${command}>
        ${icon(mark)}${label} <kbd>${key}</kbd>
      </button>`
    return html`<canvas
        class="doubt-wave"
        role="img"
        aria-label=${say('confirmWave', {
          from: oneDecimal(start / FLICKS_PER_SECOND),
          to: oneDecimal(end / FLICKS_PER_SECOND),
        })}
        @pointerdown=${this.down}
        @pointermove=${this.drag}
        @pointerup=${this.up}
        @pointercancel=${this.up}
      ></canvas>
      <div class="row">
        ${button('confirm/play', 'play', say('confirmPlay'), say('confirmSpace'))}
        ${
          canEdit
            ? html`${button('confirm/accept', 'done', say('confirmAccept'), 'Enter', 'primary')}
              ${
                doubt.others.length
                  ? button('confirm/next-take', 'next', say('confirmNextTake'), 'N')
                  : nothing
              }
              ${button('confirm/not-recorded', 'close', say('confirmNotRecorded'), 'X')}
              ${button('confirm/undo', 'undo', say('confirmUndo'), 'U')}`
            : nothing
        }
      </div>
      ${
        canEdit
          ? html`<div class="row small">
              <span class="quiet">${say('start')}</span>
              ${this.nudge('confirm/start-earlier', '−', say('confirmStartEarlier'))}
              ${this.nudge('confirm/start-later', '+', say('confirmStartLater'))}
              <span class="quiet">${say('end')}</span>
              ${this.nudge('confirm/end-earlier', '−', say('confirmEndEarlier'))}
              ${this.nudge('confirm/end-later', '+', say('confirmEndLater'))}
              <span class="figures quiet"
                >${oneDecimal(start / FLICKS_PER_SECOND)} – ${oneDecimal(end / FLICKS_PER_SECOND)}
                s</span
              >
            </div>`
          : nothing
      }`
  }

  private nudge(command: string, sign: string, label: string): TemplateResult {
    return html`<button
      type="button"
      class="square"
      data-command=${command}
      aria-label=${label}
      title=${label}
    >
      ${sign}
    </button>`
  }

  private paint(): void {
    const doubt = this.doubt
    const canvas = this.root.querySelector<HTMLCanvasElement>('.doubt-wave')
    if (!doubt || !canvas) return
    const { from, span } = stretchOf(doubt)
    const { start, end } = this.edges(doubt)
    const marks = [{ from: (start - from) / span, to: (end - from) / span, colour: '--cue-on' }]
    const edges = [marks[0]!.from, marks[0]!.to].map((at) => ({
      from: at,
      to: at + 2 / Math.max(1, canvas.clientWidth),
      colour: '--cue-on-edge',
    }))
    const id = doubt.take.id
    drawPoints(canvas, null, [...marks, ...edges])
    const address = `/api/v1/recordings/${doubt.take.recording}/peaks?from=${from}&to=${from + span}`
    void pointsOf(address).then((points) => {
      if (this.doubt?.take.id === id) drawPoints(canvas, points, [...marks, ...edges])
    })
  }
}

function isRunning({ state, job }: Recording): boolean {
  return state === 'locating' || (state === 'received' && job !== null)
}

/** The stretch that is drawn: the take as it was found, and a second on both sides. */
function stretchOf(doubt: Doubt): { from: Flicks; span: Flicks } {
  const from = Math.max(0, doubt.take.start - AROUND)
  return { from, span: doubt.take.end + AROUND - from }
}
