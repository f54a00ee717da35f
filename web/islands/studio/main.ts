/**
 * The dub studio: lines with how far each of them is, the picture, the microphone, the takes. What the server says of
 * the dub is the truth; a take or a text that it does not have yet waits on this computer.
 */
import { html, nothing, render, type TemplateResult } from 'lit'
import { ask, type Answer } from '../shared/api.ts'
import { bindCommands } from '../shared/commands.ts'
import type { Cues } from '../shared/cues.ts'
import { icon } from '../shared/icon.ts'
import { newUid } from '../shared/ids.ts'
import { readPeaks, type Peaks } from '../shared/peaks.ts'
import { Player, type FilmProps } from '../shared/player.ts'
import { TakeSender, type SentTake, type WaitingTake } from '../shared/takes.ts'
import { FLICKS_PER_SECOND } from '../shared/time.ts'
import { oneDecimal, say, sayCount, sayIn } from '../shared/words.ts'
import { drawPoints, onRepaint, pointsOf } from './draw.ts'
import {
  FILTERS,
  isIn,
  progressOf,
  takesOf,
  type Dub,
  type Filter,
  type Line,
  type Take,
} from './dub.ts'
import { Listener } from './listen.ts'
import { Meter } from './meter.ts'
import { Recorder, type Microphone } from './recorder.ts'
import { Session, type Spoken } from './session.ts'
import { RATE, decibels, wav24 } from './sound.ts'
import { syllables, toCut } from './syllables.ts'

interface Props extends FilmProps {
  readonly track: string
  readonly person: string
  readonly language: string
  readonly canEdit: boolean
  readonly address: string
  readonly peaks: string | null
  readonly dub: Dub
}

const AROUND = FLICKS_PER_SECOND // seen and heard on both sides of a line
const DEVICE = 'terjime.microphone'
const ALOUD = 'terjime.headphones'
const FREE = 'terjime.no-snap'

const MARKS: Readonly<Record<string, readonly [string, string]>> = {
  no_text: ['todo', 'draft'],
  to_record: ['todo', 'draft'],
  to_confirm: ['review', 'review'],
  too_long: ['attention', 'changes'],
  tight: ['info', 'changes'],
  overlap: ['attention', 'changes'],
  off_sync: ['attention', 'changes'],
  ok: ['done', 'approved'],
  approved: ['lock', 'approved'],
}

export function mount(root: HTMLElement): () => void {
  return new Studio(root).start()
}

class Studio {
  private readonly root: HTMLElement
  private readonly props: Props
  private readonly player: Player
  private readonly listener: Listener
  private readonly recorder = new Recorder()
  private readonly sender: TakeSender | null
  private dub: Dub
  private drawn: { readonly dub: Dub | null; readonly cues: Cues } = { dub: null, cues: [] }
  private here: string
  private filter: Filter = 'all'
  private session: Session | null = null
  private busy = ''
  private told: { readonly text: string; readonly tone: string } | null = null
  private microphones: readonly Microphone[] = []
  private peaks: Peaks | null = null
  private chain: Promise<unknown> = Promise.resolve()

  constructor(root: HTMLElement) {
    this.root = root
    this.props = JSON.parse(root.querySelector('[data-props]')!.textContent!) as Props
    this.dub = this.props.dub
    this.player = new Player(root, this.props, () => this.captions)
    this.listener = new Listener(this.player)
    const { person, track, address, canEdit } = this.props
    this.sender = canEdit
      ? new TakeSender(person, track, `${address}/recordings`, (sent, take) =>
          this.onSent(sent, take),
        )
      : null
    const named = this.dub.lines.find((line) => `#line-${line.number}` === location.hash)
    const open = this.dub.lines.find((line) => line.status === 'to_record')
    this.here = (named ?? open ?? this.dub.lines[0])?.uid ?? ''
  }

  start(): () => void {
    const meter = this.part('meter')
    if (meter) {
      const shown = new Meter(meter)
      this.recorder.onLevel = (level) => shown.show(level)
    }
    const line = (run: (line: Line) => void) => () => {
      const at = this.line
      if (at) run(at)
    }
    const unbind = bindCommands(this.root, 'studio', {
      ...this.player.commands,
      'studio/record': () => void this.record(),
      'studio/stop': () => this.stopAll(),
      'studio/play': line((at) => this.playOriginal(at)),
      'studio/play-take': line((at) => void this.playTake(at)),
      'studio/preview': line((at) => void this.preview(at)),
      'studio/next': () => this.step(1),
      'studio/previous': () => this.step(-1),
      'studio/edit': () => this.root.querySelector<HTMLTextAreaElement>('#line-text')?.focus(),
      'studio/use-take': (key) =>
        line((at) => {
          const take = takesOf(this.dub, at)[Number(key.slice(-1)) - 1]
          if (take) void this.use(at, take)
        })(),
      'studio/calibrate': () => void this.calibrate(),
      'studio/guide': line((at) => void this.guide([at.uid])),
      'studio/guide-all': () => void this.guide(null),
    })
    const unpaint = onRepaint(() => this.paint())
    this.bindSettings()
    this.loadPeaks()
    if (this.props.canEdit && Recorder.possible) void this.listMicrophones()
    this.draw()
    void this.seekLine()
    return () => {
      unbind()
      unpaint()
      this.sender?.end()
      this.recorder.close()
    }
  }

  private part(name: string): HTMLElement | null {
    return this.root.querySelector<HTMLElement>(`[data-part="${name}"]`)
  }

  /** The lines as the picture shows them: the same list as long as the dub is the same. */
  private get captions(): Cues {
    if (this.drawn.dub !== this.dub)
      this.drawn = {
        dub: this.dub,
        cues: this.dub.lines.map(({ uid, start, end, text }) => ({ uid, start, end, text })),
      }
    return this.drawn.cues
  }

  private get line(): Line | undefined {
    return this.dub.lines.find((line) => line.uid === this.here)
  }

  private get shown(): readonly Line[] {
    return this.dub.lines.filter((line) => isIn(this.filter, this.dub, line))
  }

  // --- the server ------------------------------------------------------------------------------

  /** One request after the other, each on the state that the one before left. */
  private change(run: () => Promise<Answer<Dub>>): Promise<boolean> {
    const next = this.chain.then(async () => {
      const answer = await run()
      if (answer.ok) {
        this.dub = answer.body
        if (this.told?.tone === 'failed') this.told = null
      } else
        this.say(
          answer.error
            ? `${answer.error.message} ${answer.error.advice ?? ''} ${answer.error.code}`
            : say('offline'),
          'failed',
        )
      this.draw()
      return answer.ok
    })
    this.chain = next
    return next
  }

  private put(line: Line, what: object): Promise<boolean> {
    const address = `${this.props.address}/dub/lines/${line.uid}`
    return this.change(() => ask<Dub>('PUT', address, { ...what, if: this.dub.etag }))
  }

  private reload(): Promise<boolean> {
    return this.change(() => ask<Dub>('GET', `${this.props.address}/dub`))
  }

  private onSent(sent: SentTake | null, take: WaitingTake | null): void {
    if (sent && take) void this.reload()
    else this.draw()
  }

  private async use(line: Line, take: Take): Promise<void> {
    if (take.state === 'accepted') await this.put(line, { take: take.id })
    else
      await this.change(() =>
        ask<Dub>('POST', `/api/v1/takes/${take.id}/verdict`, { verdict: 'accepted', choose: true }),
      )
  }

  private async guide(lines: readonly string[] | null): Promise<void> {
    this.busy = say('studioGuideMaking')
    this.draw()
    await this.change(() => ask<Dub>('POST', `${this.props.address}/dub/guide`, { lines }))
    this.busy = ''
    this.draw()
  }

  // --- hearing ---------------------------------------------------------------------------------

  private stopAll(): void {
    this.session?.stop()
    this.listener.stop()
    this.player.pause()
  }

  private playOriginal(line: Line): void {
    if (this.session) return
    if (this.player.playing || this.listener.playing) this.stopAll()
    else void this.player.playSpan(line.start - AROUND / 2, line.end + AROUND / 2)
  }

  private async playTake(line: Line, take?: Take): Promise<void> {
    if (this.session) return
    const chosen = take ?? (line.take ? this.dub.takes[line.take] : takesOf(this.dub, line).at(-1))
    if (!chosen) return this.say(say('studioNoTake'), 'draft')
    const at = chosen.id === line.take ? (line.placed_start ?? line.start) : line.start
    if (!(await this.listener.play(`/api/v1/takes/${chosen.id}/sound`, at)))
      this.say(say('studioCannotPlay'), 'failed')
  }

  /** The mix around the line as it is now, made for that stretch alone. */
  private async preview(line: Line): Promise<void> {
    if (this.session) return
    this.busy = say('studioMixing')
    this.draw()
    let sound: Blob | null = null
    let start = line.start - 2 * AROUND
    try {
      const query = new URLSearchParams({ line: line.uid, before: '2', after: '2' })
      const response = await fetch(`${this.props.address}/dub/preview?${query}`)
      if (response.ok) {
        start = Number(response.headers.get('X-Terjime-Start') ?? start)
        sound = await response.blob()
      } else {
        const { error } = (await response.json()) as { error?: { message: string; code: string } }
        this.say(`${error?.message ?? response.statusText} ${error?.code ?? ''}`, 'failed')
      }
    } catch {
      this.say(say('offline'), 'failed')
    }
    this.busy = ''
    this.draw()
    if (sound && !(await this.listener.play(sound, start)))
      this.say(say('studioCannotPlay'), 'failed')
  }

  // --- recording -------------------------------------------------------------------------------

  private async openMicrophone(): Promise<boolean> {
    if (!Recorder.possible) {
      this.say(say('studioNoMicrophoneHere'), 'failed')
      return false
    }
    try {
      await this.recorder.open(localStorage.getItem(DEVICE) ?? '')
    } catch (error) {
      const name = (error as DOMException).name
      if (
        name === 'OverconstrainedError' ||
        (name === 'NotFoundError' && localStorage.getItem(DEVICE))
      ) {
        localStorage.removeItem(DEVICE) // it was pulled out: the usual one, then
        return this.openMicrophone()
      }
      this.say(say(name === 'NotAllowedError' ? 'studioDenied' : 'studioNoMicrophone'), 'failed')
      return false
    }
    await this.listMicrophones()
    return true
  }

  private async listMicrophones(): Promise<void> {
    this.microphones = await this.recorder.microphones()
    this.draw()
  }

  private async record(): Promise<void> {
    const { line } = this
    if (!this.props.canEdit || !line) return
    if (this.session) return this.session.stop()
    this.listener.stop()
    this.told = null
    if (!(await this.openMicrophone())) return
    const screen = this.part('screen')!
    const session = new Session(this.recorder, this.player, screen, this.props.language)
    this.session = session
    this.draw()
    const spoken = await session
      .run(line, !localStorage.getItem(FREE), localStorage.getItem(ALOUD) !== null)
      .catch((error: unknown) => {
        this.say(`${say('studioNoMicrophone')} ${String(error)}`, 'failed')
        return null
      })
    this.session = null
    if (spoken) await this.keep(line, spoken)
    else this.draw()
  }

  private async keep(line: Line, spoken: Spoken): Promise<void> {
    if (spoken.silent) {
      this.say(say('studioSilent'), 'failed')
      return
    }
    const wav = wav24(spoken.samples)
    const take: WaitingTake = {
      id: newUid(),
      person: this.props.person,
      track: this.props.track,
      line: line.uid,
      number: line.number,
      wav,
      start: spoken.start,
      end: spoken.end,
      latency: spoken.latency,
      missing: spoken.missing,
      at: Date.now(),
    }
    if (spoken.missing) this.say(sayCount('studioMissingSamples', spoken.missing), 'changes')
    else if (spoken.level.clipped) this.say(say('studioClipped'), 'changes')
    else if (decibels(spoken.level.peak) < -40) this.say(say('studioQuiet'), 'changes')
    else this.say(say('studioHeard'), 'approved')
    // Heard at once, without waiting for the network.
    const heard = wav24(spoken.samples.subarray(spoken.start, spoken.end))
    void this.listener.play(new Blob([heard], { type: 'audio/wav' }), line.start)
    try {
      await this.sender?.add(take)
    } catch {
      this.say(say('studioNotKept'), 'failed')
    }
  }

  private async calibrate(): Promise<void> {
    if (this.session || this.busy || !(await this.openMicrophone())) return
    this.busy = say('studioCalibrating', { done: 0, of: 5 })
    this.draw()
    const found = await this.recorder.calibrate((done, of) => {
      this.busy = say('studioCalibrating', { done, of })
      this.draw()
    })
    this.busy = ''
    if (!found) this.say(say('studioNotHeard'), 'failed')
    else if (found.spread > RATE / 100)
      this.say(say('studioUnsteady', { ms: oneDecimal((found.spread * 1000) / RATE) }), 'changes')
    else
      this.say(say('studioMeasured', { ms: oneDecimal((found.samples * 1000) / RATE) }), 'approved')
  }

  // --- moving about ----------------------------------------------------------------------------

  private step(by: number): void {
    if (this.session) return
    const lines = this.shown
    const at = lines.findIndex((line) => line.uid === this.here)
    const next = lines[Math.max(0, Math.min(lines.length - 1, at < 0 ? 0 : at + by))]
    if (next) this.goTo(next.uid)
  }

  private goTo(uid: string): void {
    if (this.session || uid === this.here) return
    this.listener.stop()
    this.saveText()
    this.here = uid
    this.told = null
    this.draw()
    void this.seekLine()
    this.root.querySelector('[aria-current="true"]')?.scrollIntoView({ block: 'nearest' })
  }

  private async seekLine(): Promise<void> {
    if (this.line) await this.player.seekTime(this.line.start)
  }

  private say(text: string, tone: string): void {
    this.told = { text, tone }
    this.draw()
  }

  // --- the text --------------------------------------------------------------------------------

  private key(uid: string): string {
    return `terjime.studio.${this.props.track}.${uid}`
  }

  /** What is typed and not saved yet lives here, so that a reload does not lose it. */
  private textOf(line: Line): string {
    return localStorage.getItem(this.key(line.uid)) ?? line.text
  }

  private typed(line: Line, text: string): void {
    if (text === line.text) localStorage.removeItem(this.key(line.uid))
    else localStorage.setItem(this.key(line.uid), text)
    this.draw()
  }

  private saveText(): void {
    const { line } = this
    const text = line && localStorage.getItem(this.key(line.uid))
    if (!line || text === null || text === undefined) return
    void this.put(line, { text }).then((saved) => {
      if (saved && localStorage.getItem(this.key(line.uid)) === text)
        localStorage.removeItem(this.key(line.uid))
      this.draw()
    })
  }

  private bindSettings(): void {
    const form = document.querySelector<HTMLFormElement>('#settings-form')
    form?.addEventListener('submit', (event) => {
      event.preventDefault()
      const stem = this.dub.settings.stem ?? null
      const settings = { ...Object.fromEntries(new FormData(form)), stem }
      void this.change(() => ask<Dub>('PUT', `${this.props.address}/dub/settings`, settings)).then(
        (saved) => {
          form.closest('dialog')?.close()
          if (saved) this.say(say('saved'), 'approved')
        },
      )
    })
    // The draft that is submitted is the one on the screen.
    document.querySelector<HTMLFormElement>('#submit-form')?.addEventListener('submit', (event) => {
      const form = event.currentTarget as HTMLFormElement
      form.querySelector<HTMLInputElement>('[name="etag"]')!.value = this.dub.etag
      if (!this.sender?.waiting.length) return
      event.preventDefault()
      form.closest('dialog')?.close()
      this.say(say('studioWaitingFirst'), 'changes')
    })
  }

  // --- drawing ---------------------------------------------------------------------------------

  private draw(): void {
    const into = (name: string, what: TemplateResult | typeof nothing) => {
      const box = this.part(name)
      if (box) render(what, box)
    }
    into('progress', this.progress())
    into('lines', this.list())
    into('line', this.detail())
    into('bar', this.bar())
    into('told', this.messages())
    this.root.classList.toggle('is-recording', this.session !== null)
    this.paint()
  }

  private progress(): TemplateResult {
    const counted = progressOf(this.dub)
    const names: Record<Filter, number> = {
      all: this.dub.lines.length,
      missing: counted.missing,
      long: counted.long,
      doubtful: counted.doubtful,
    }
    return html`<div class="studio-progress">
        <progress
          max=${Math.max(1, counted.lines)}
          .value=${counted.recorded}
          aria-label=${say('studioRecorded', { n: counted.recorded, of: counted.lines })}
        ></progress>
        <span class="figures"
          >${say('studioRecorded', { n: counted.recorded, of: counted.lines })}${
            this.dub.isochrony === null
              ? nothing
              : html` · ${say('studioIsochrony', { n: Math.round(this.dub.isochrony) })}`
          }</span
        >
      </div>
      <div class="row tight" role="group" aria-label=${say('studioFilter')}>
        ${FILTERS.map(
          (filter) =>
            html`<button
              type="button"
              class="filter"
              aria-pressed=${this.filter === filter}
              @click=${() => {
                this.filter = filter
                this.draw()
              }}
            >
              ${sayIn('studioFilters', filter)} <span class="figures">${names[filter]}</span>
            </button>`,
        )}
      </div>`
  }

  private list(): TemplateResult {
    const lines = this.shown
    if (lines.length === 0)
      return html`<p class="studio-empty quiet">
        ${say(this.dub.lines.length ? 'studioNoneHere' : 'studioNoLines')}
      </p>`
    return html`<ol class="plain">
      ${lines.map((line) => {
        const [mark, tone] = MARKS[line.status] ?? ['todo', 'draft']
        return html`<li>
          <button
            type="button"
            class="studio-line"
            aria-current=${line.uid === this.here ? 'true' : nothing}
            @click=${() => this.goTo(line.uid)}
          >
            <span class="cue-number">${line.number}</span>
            <span class="studio-when figures"
              >${this.player.grid.timecode(line.start)}${
                line.speaker ? html` · <bdi>${line.speaker}</bdi>` : nothing
              }</span
            >
            <span class="studio-words" lang=${this.props.language} dir="auto">${line.text}</span>
            <span class="state tone-${tone}"
              >${icon(mark)}${sayIn('studioStatus', line.status)}${
                line.status === 'too_long' ? html` · ${sayCount('studioCut', line.cut)}` : nothing
              }</span
            >
            ${
              line.stale
                ? html`<span class="state tone-stale">${icon('stale')}${say('studioStale')}</span>`
                : nothing
            }
          </button>
        </li>`
      })}
    </ol>`
  }

  private bar(): TemplateResult | typeof nothing {
    if (!this.props.canEdit) return nothing
    const recording = this.session !== null
    const measured = this.recorder.isOpen ? this.recorder.measured : null
    return html`<div class="row">
        <button
          type="button"
          class="record ${recording ? 'danger' : 'primary'}"
          data-command="studio/record"
          ?disabled=${!this.line}
        >
          ${icon(recording ? 'close' : 'record')}${say(recording ? 'studioStop' : 'studioRecord')}
          <kbd>R</kbd>
        </button>
        <label class="hide" for="microphone">${say('studioMicrophone')}</label>
        <select
          id="microphone"
          ?disabled=${recording}
          @change=${(event: Event) => this.chooseMicrophone(event.target as HTMLSelectElement)}
        >
          ${
            this.microphones.length === 0 || !this.microphones[0]!.label
              ? html`<option value="">${say('studioMicrophone')}</option>`
              : this.microphones.map(
                  (each) =>
                    html`<option
                      value=${each.id}
                      ?selected=${each.id === localStorage.getItem(DEVICE)}
                    >
                      ${each.label}
                    </option>`,
                )
          }
        </select>
        <button type="button" data-command="studio/calibrate" ?disabled=${recording}>
          ${icon('sound')}${say('studioCalibrate')}
        </button>
        ${
          this.recorder.isOpen
            ? html`<span class="small quiet"
                >${
                  measured
                    ? say('studioLatency', { ms: oneDecimal((measured.samples * 1000) / RATE) })
                    : say('studioUnmeasured')
                }</span
              >`
            : nothing
        }
      </div>
      <div class="row small">
        ${this.tick(ALOUD, say('studioHeadphones'), false)}
        ${this.tick(FREE, say('studioSnap'), true)}
      </div>`
  }

  /** A choice that is remembered here; *inverse*: ticked means that nothing is stored. */
  private tick(key: string, label: string, inverse: boolean): TemplateResult {
    return html`<label class="check"
      ><input
        type="checkbox"
        .checked=${(localStorage.getItem(key) !== null) !== inverse}
        @change=${(event: Event) => {
          const stored = (event.target as HTMLInputElement).checked !== inverse
          if (stored) localStorage.setItem(key, '1')
          else localStorage.removeItem(key)
        }}
      />
      ${label}</label
    >`
  }

  private chooseMicrophone(select: HTMLSelectElement): void {
    if (!select.value) return
    localStorage.setItem(DEVICE, select.value)
    void this.openMicrophone()
  }

  private messages(): TemplateResult {
    const waiting = this.sender?.waiting ?? []
    const refused = waiting.filter((take) => this.sender?.refused.has(take.id))
    const open = waiting.length - refused.length
    return html`${
      this.busy
        ? html`<div class="note">
            ${icon('running')}
            <div>${this.busy}</div>
          </div>`
        : nothing
    }
    ${
      this.told
        ? html`<div class="note tone-${this.told.tone}">
            ${icon(this.told.tone === 'approved' ? 'done' : 'attention')}
            <div>${this.told.text}</div>
          </div>`
        : nothing
    }
    ${
      open
        ? html`<div class="note tone-changes">
            ${icon(this.sender?.offline ? 'attention' : 'upload')}
            <div>
              ${sayCount('studioTakesWaiting', open)}
              ${say(this.sender?.offline ? 'studioTryAgain' : 'studioSending')}
            </div>
          </div>`
        : nothing
    }
    ${refused.map(
      (take) =>
        html`<div class="note tone-failed">
          ${icon('failed')}
          <div>
            ${say('studioTakeRefused', { n: take.number })}
            ${this.sender?.refused.get(take.id)?.message}
            <span class="code">${this.sender?.refused.get(take.id)?.code}</span>
          </div>
          <button type="button" @click=${() => saveFile(take)}>
            ${icon('download')}${say('studioSaveFile')}
          </button>
          <button type="button" @click=${() => void this.sender?.drop(take.id)}>
            ${icon('trash')}${say('uploadDrop')}
          </button>
        </div>`,
    )}`
  }

  private detail(): TemplateResult {
    const { line } = this
    if (!line) return html`<p class="quiet">${say('studioNoLines')}</p>`
    const { canEdit, language } = this.props
    const text = this.textOf(line)
    const grid = this.player.grid
    return html`<div class="row spread">
        <h2>
          ${say('studioLine', { n: line.number })}
          <span class="quiet figures small"
            >${grid.timecode(line.start)} – ${grid.timecode(line.end)}</span
          >
        </h2>
        <div class="row tight">
          ${this.button('studio/play', 'play', say('studioOriginal'), 'Space')}
          ${this.button('studio/play-take', 'sound', say('studioTake'), 'T')}
          ${this.button('studio/preview', 'render', say('studioPreview'), 'P')}
        </div>
      </div>
      <div class="field">
        <label for="line-text">${say('text')}</label>
        <textarea
          id="line-text"
          rows="2"
          lang=${language}
          dir="auto"
          maxlength="2000"
          ?readonly=${!canEdit}
          .value=${text}
          @input=${(event: Event) => this.typed(line, (event.target as HTMLTextAreaElement).value)}
          @blur=${() => this.saveText()}
          @keydown=${(event: KeyboardEvent) => {
            if (event.key === 'Escape' || (event.key === 'Enter' && event.ctrlKey)) {
              event.preventDefault()
              event.stopPropagation()
              ;(event.target as HTMLElement).blur()
            }
          }}
        ></textarea>
        ${this.counts(line, text)}
      </div>
      ${
        canEdit
          ? html`<div class="row">
              <label class="small" for="line-speaker">${say('studioSpeaker')}</label>
              <input
                id="line-speaker"
                class="short"
                maxlength="120"
                .value=${line.speaker}
                @change=${(event: Event) =>
                  void this.put(line, { speaker: (event.target as HTMLInputElement).value })}
              />
              <label class="check"
                ><input
                  type="checkbox"
                  .checked=${line.on_screen}
                  @change=${(event: Event) =>
                    void this.put(line, { on_screen: (event.target as HTMLInputElement).checked })}
                />
                ${say('studioOnScreen')}</label
              >
              <button type="button" data-command="studio/guide" ?disabled=${this.busy !== ''}>
                ${icon('sound')}${say('studioGuide')}
              </button>
            </div>`
          : nothing
      }
      ${this.takes(line)}`
  }

  private button(command: string, mark: string, label: string, key: string): TemplateResult {
    return html`<button type="button" data-command=${command}>
      ${icon(mark)}${label} <kbd>${key}</kbd>
    </button>`
  }

  private counts(line: Line, text: string): TemplateResult {
    const cut = toCut(line, text)
    const unsaved = text !== line.text
    return html`<div class="hint figures row" id="line-counts" role="status">
      <span>${sayCount('studioSyllables', syllables(text))}</span>
      <span>${sayCount('studioRoom', line.room)}</span>
      ${
        cut
          ? html`<strong class="is-warning"
              >${icon('attention')} ${say('studioTooLong')}: ${sayCount('studioCut', cut)}</strong
            >`
          : nothing
      }
      ${unsaved ? html`<span class="is-warning">${say('studioUnsaved')}</span>` : nothing}
    </div>`
  }

  private takes(line: Line): TemplateResult {
    const takes = takesOf(this.dub, line)
    if (takes.length === 0)
      return html`<p class="quiet">
        ${say(this.props.canEdit ? 'studioNoTakeYet' : 'studioNoTake')}
      </p>`
    return html`<ol class="plain studio-takes" aria-label=${say('studioTakes')}>
      ${takes.map((take, i) => this.take(line, take, i + 1))}
    </ol>`
  }

  private take(line: Line, take: Take, number: number): TemplateResult {
    const chosen = take.id === line.take
    const chip = (shown: unknown, mark: string, tone: string, words: string) =>
      shown ? html`<span class="state tone-${tone}">${icon(mark)}${words}</span>` : nothing
    return html`<li class="studio-take ${chosen ? 'is-chosen' : ''}">
      <button
        type="button"
        class="square"
        aria-label=${say('studioPlayTake', { n: number })}
        @click=${() => void this.playTake(line, take)}
      >
        ${icon('play')}
      </button>
      <span class="figures">${number}</span>
      <canvas class="take-wave" data-take=${take.id} aria-hidden="true"></canvas>
      <span class="figures small">${oneDecimal(take.seconds)} s</span>
      <button
        type="button"
        aria-pressed=${chosen}
        ?disabled=${!this.props.canEdit || chosen}
        @click=${() => void this.use(line, take)}
      >
        ${chosen ? html`${icon('done')}${say('studioUsed')}` : say('studioUse')}
      </button>
      <span class="row tight studio-chips">
        ${chip(take.guide, 'info', 'draft', say('studioGuideTake'))}
        ${chip(take.stale, 'stale', 'stale', say('studioStale'))}
        ${chip(take.state === 'to_confirm', 'review', 'review', sayIn('studioStatus', 'to_confirm'))}
        ${chip(take.state === 'rejected', 'close', 'draft', say('studioRejected'))}
        ${chip(
          take.missing_samples,
          'attention',
          'changes',
          sayCount('studioMissingShort', take.missing_samples),
        )}
        <span class="small quiet">${take.created_by}</span>
      </span>
      ${
        this.props.canEdit
          ? html`<input
              class="take-comment"
              maxlength="1000"
              aria-label=${say('studioComment', { n: number })}
              placeholder=${say('studioCommentHint')}
              .value=${take.comment}
              @change=${(event: Event) =>
                void this.change(() =>
                  ask<Dub>('PUT', `/api/v1/takes/${take.id}`, {
                    comment: (event.target as HTMLInputElement).value,
                  }),
                )}
            />`
          : html`<span class="take-comment small">${take.comment}</span>`
      }
    </li>`
  }

  private loadPeaks(): void {
    if (!this.props.peaks) return
    void fetch(this.props.peaks)
      .then(async (answer) => {
        if (!answer.ok) return
        this.peaks = readPeaks(await answer.arrayBuffer())
        this.paint()
      })
      .catch(() => undefined) // the picture and the text say what must be known
  }

  /** The original around the line, with the line and its take marked; and each take's own wave. */
  private paint(): void {
    const { line } = this
    if (!line) return
    const canvas = this.root.querySelector<HTMLCanvasElement>('[data-part="wave"]')
    if (canvas) {
      const from = line.start - AROUND
      const span = line.end - line.start + 2 * AROUND
      const share = (time: number) => (time - from) / span
      const marks = [{ from: share(line.start), to: share(line.end), colour: '--cue' }]
      if (line.placed_start !== null && line.placed_end !== null)
        marks.push({
          from: share(line.placed_start),
          to: share(line.placed_end),
          colour: '--cue-on',
        })
      drawPoints(canvas, this.around(from, span, canvas.clientWidth), marks)
    }
    for (const each of this.root.querySelectorAll<HTMLCanvasElement>('canvas[data-take]'))
      void pointsOf(`/api/v1/takes/${each.dataset.take}/peaks`).then((points) =>
        drawPoints(each, points),
      )
  }

  private around(from: number, span: number, width: number): Float32Array | null {
    const { peaks } = this
    if (!peaks) return null
    const points = new Float32Array(2 * width)
    const at = (x: number) =>
      Math.floor(((from + (x * span) / width) * peaks.perSecond) / FLICKS_PER_SECOND)
    for (let x = 0; x < width; x++) {
      const [low, high] = peaks.range(at(x), Math.max(at(x) + 1, at(x + 1)))
      points[2 * x] = low
      points[2 * x + 1] = high
    }
    return points
  }
}

function saveFile(take: WaitingTake): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([take.wav], { type: 'audio/wav' }))
  link.download = `line-${take.number}.wav`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
