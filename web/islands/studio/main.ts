/**
 * The dub studio: lines with how far each of them is, the picture, the microphone, the takes. What the server says of
 * the dub is the truth; a take or a text that it does not have yet waits on this computer.
 */
import { nothing, render, type TemplateResult } from 'lit'
import { ask, type Answer, type ApiError } from '../shared/api.ts'
import { bindCommands } from '../shared/commands.ts'
import { plain } from '../shared/count.ts'
import type { Cues } from '../shared/cues.ts'
import { newUid } from '../shared/ids.ts'
import { Player, type FilmProps } from '../shared/player.ts'
import { TakeSender, type SentTake, type WaitingTake } from '../shared/takes.ts'
import { say } from '../shared/words.ts'
import { Booth } from './booth.ts'
import { Changes } from './changes.ts'
import { drawPoints, onRepaint, pointsOf } from './draw.ts'
import { isIn, splitTime, takesOf, type Dub, type Filter, type Line, type Take } from './dub.ts'
import { detail, type Host } from './line.ts'
import { list, progress, type Listed } from './list.ts'
import { Listener } from './listen.ts'
import { messages, refusal, type Told } from './messages.ts'
import { Meter } from './meter.ts'
import { syllables } from './syllables.ts'
import { AROUND, Wave } from './wave.ts'

interface Props extends FilmProps {
  readonly track: string
  readonly person: string
  readonly language: string
  readonly canEdit: boolean
  readonly address: string
  readonly peaks: string | null
  readonly dub: Dub
}

const LARGEST = 64 << 20 // bytes of a file for one line, as the server takes them
export function mount(root: HTMLElement): () => void {
  return new Studio(root).start()
}

class Studio {
  private readonly root: HTMLElement
  private readonly props: Props
  private readonly player: Player
  private readonly listener: Listener
  private readonly wave: Wave
  private readonly sender: TakeSender | null
  private dub: Dub
  private drawn: { readonly dub: Dub | null; readonly cues: Cues } = { dub: null, cues: [] }
  private here: string
  private filter: Filter = 'all'
  private booth: Booth | null = null
  private busy = ''
  private told: Told | null = null
  private readonly changes = new Changes()
  private chain: Promise<unknown> = Promise.resolve()

  constructor(root: HTMLElement) {
    this.root = root
    this.props = JSON.parse(root.querySelector('[data-props]')!.textContent!) as Props
    this.dub = this.props.dub
    this.player = new Player(root, this.props, () => this.captions)
    this.listener = new Listener(this.player)
    this.wave = new Wave(root.querySelector('canvas[data-part="wave"]'))
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
    this.booth = this.openBooth()
    const line = (run: (line: Line) => void) => () => {
      const at = this.line
      if (at) run(at)
    }
    const unbind = bindCommands(this.root, 'studio', {
      ...this.player.commands,
      'studio/record': line((at) => void this.booth?.record(at)),
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
      'studio/split': line((at) => void this.split(at)),
      'studio/merge': line((at) => void this.merge(at)),
      'studio/undo': () => void this.undo(),
      'studio/redo': () => void this.redo(),
      'studio/calibrate': () => void this.booth?.calibrate(),
      'studio/guide': line((at) => void this.guide([at.uid])),
      'studio/guide-all': () => void this.guide(null),
    })
    const unpaint = onRepaint(() => this.paint())
    this.bindSettings()
    if (this.props.peaks) void this.wave.load(this.props.peaks).then(() => this.paint())
    this.draw()
    void this.seekLine()
    return () => {
      unbind()
      unpaint()
      this.sender?.end()
      this.booth?.close()
    }
  }

  private openBooth(): Booth | null {
    const [screen, level] = [this.part('screen'), this.part('meter')]
    if (!this.sender || !screen || !level) return null
    const meter = new Meter(level)
    return new Booth(
      {
        person: this.props.person,
        track: this.props.track,
        language: this.props.language,
        player: this.player,
        listener: this.listener,
        sender: this.sender,
        screen,
        say: (text, tone) => this.say(text, tone),
        setBusy: (text) => this.setBusy(text),
        draw: () => this.draw(),
      },
      (shown) => meter.show(shown),
    )
  }

  private get recording(): boolean {
    return this.booth?.recording ?? false
  }

  private setBusy(text: string): void {
    this.busy = text
    this.draw()
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

  // --- the server ------------------------------------------------------------------------------

  /** One request after the other, each on the state that the one before left. */
  private change(run: () => Promise<Answer<Dub>>): Promise<boolean> {
    const next = this.chain.then(async () => {
      const before = this.dub
      const answer = await run()
      if (answer.ok) {
        this.dub = answer.body
        this.stay(before)
        if (this.told?.tone === 'failed') this.told = null
      } else this.say(refusal(answer.error), 'failed')
      this.draw()
      return answer.ok
    })
    this.chain = next
    return next
  }

  /** A change of the lines, which can be undone. */
  private edit(run: () => Promise<Answer<Dub>>): Promise<boolean> {
    let before = this.dub
    return this.change(() => {
      before = this.dub
      return run()
    }).then((done) => {
      if (done) this.changes.note(before, this.dub)
      this.draw()
      return done
    })
  }

  /** The line at hand may be gone: then its neighbour is. */
  private stay(before: Dub): void {
    if (this.line) return
    const place = before.lines.findIndex((line) => line.uid === this.here)
    this.here = this.dub.lines[Math.min(Math.max(0, place), this.dub.lines.length) - 1]?.uid ?? ''
    this.here ||= this.dub.lines[0]?.uid ?? ''
  }

  private put(line: Line, what: object): Promise<boolean> {
    const address = `${this.props.address}/dub/lines/${line.uid}`
    return this.edit(() => ask<Dub>('PUT', address, { ...what, if: this.dub.etag }))
  }

  private reload(): Promise<boolean> {
    return this.change(() => ask<Dub>('GET', `${this.props.address}/dub`))
  }

  private onSent(sent: SentTake | null, take: WaitingTake | null): void {
    if (sent && take) void this.reload()
    else this.draw()
  }

  private async use(line: Line, take: Take): Promise<void> {
    if (take.line !== line.uid) this.say(say('studioMergedTake'), 'draft')
    else if (take.state === 'accepted') await this.put(line, { take: take.id })
    else
      await this.edit(() =>
        ask<Dub>('POST', `/api/v1/takes/${take.id}/verdict`, { verdict: 'accepted', choose: true }),
      )
  }

  private async guide(lines: readonly string[] | null): Promise<void> {
    this.setBusy(say('studioGuideMaking'))
    await this.edit(() => ask<Dub>('POST', `${this.props.address}/dub/guide`, { lines }))
    this.setBusy('')
  }

  // --- hearing ---------------------------------------------------------------------------------

  private stopAll(): void {
    this.booth?.stop()
    this.listener.stop()
    this.player.pause()
  }

  private playOriginal(line: Line): void {
    if (this.recording) return
    if (this.player.playing || this.listener.playing) this.stopAll()
    else void this.player.playSpan(line.start - AROUND / 2, line.end + AROUND / 2)
  }

  private async playTake(line: Line, take?: Take): Promise<void> {
    if (this.recording) return
    const chosen = take ?? (line.take ? this.dub.takes[line.take] : takesOf(this.dub, line).at(-1))
    if (!chosen) return this.say(say('studioNoTake'), 'draft')
    const at = chosen.id === line.take ? (line.placed_start ?? line.start) : line.start
    if (!(await this.listener.play(`/api/v1/takes/${chosen.id}/sound?as=aac`, at)))
      this.say(say('studioCannotPlay'), 'failed')
  }

  /** The mix around the line as it is now, made for that stretch alone. */
  private async preview(line: Line): Promise<void> {
    if (this.recording) return
    this.setBusy(say('studioMixing'))
    let sound: Blob | null = null
    let start = line.start - 2 * AROUND
    try {
      const query = new URLSearchParams({ line: line.uid, before: '2', after: '2', as: 'aac' })
      const response = await fetch(`${this.props.address}/dub/preview?${query}`)
      if (response.ok) {
        start = Number(response.headers.get('X-Terjime-Start') ?? start)
        sound = await response.blob()
      } else {
        const { error } = (await response.json()) as { error?: ApiError }
        const unknown = { code: `HTTP_${response.status}`, message: response.statusText }
        this.say(refusal(error ?? unknown), 'failed')
      }
    } catch {
      this.say(say('offline'), 'failed')
    }
    this.setBusy('')
    if (sound && !(await this.listener.play(sound, start)))
      this.say(say('studioCannotPlay'), 'failed')
  }

  // --- lines -----------------------------------------------------------------------------------

  /** Where the cursor stands in the text; the time is shared by syllables. */
  private async split(line: Line): Promise<void> {
    const area = this.root.querySelector<HTMLTextAreaElement>('#line-text')
    if (!this.props.canEdit || this.recording || !area) return
    const text = this.textOf(line)
    const [first, second] = [text.slice(0, area.selectionStart), text.slice(area.selectionStart)]
    if (!plain(first).trim() || !plain(second).trim()) {
      this.say(say('studioSplitWhere'), 'changes')
      area.focus()
      return
    }
    await this.saveText()
    const share = syllables(first) / Math.max(1, syllables(first) + syllables(second))
    const done = await this.edit(() =>
      ask<Dub>('POST', `${this.props.address}/dub/lines/split`, {
        line: line.uid,
        at_character: [...plain(first)].length,
        at_time: splitTime(line, share, this.player.grid),
        if: this.dub.etag,
      }),
    )
    if (done) this.say(say('studioSplitDone'), 'approved')
  }

  private async merge(line: Line): Promise<void> {
    if (!this.props.canEdit || this.recording) return
    const next = this.dub.lines[this.dub.lines.indexOf(line) + 1]
    if (!next) return this.say(say('studioLastLine'), 'changes')
    await this.saveText()
    await this.saveText(next)
    const done = await this.edit(() =>
      ask<Dub>('POST', `${this.props.address}/dub/lines/merge`, {
        lines: [line.uid, next.uid],
        if: this.dub.etag,
      }),
    )
    if (done) this.say(say('studioMergeDone'), 'approved')
  }

  private async undo(): Promise<void> {
    await this.goBack(this.changes.undoable, () => this.changes.undone())
  }

  private async redo(): Promise<void> {
    await this.goBack(this.changes.redoable, () => this.changes.redone())
  }

  private async goBack(
    step: { readonly before: string; readonly after: string } | undefined,
    done: () => void,
  ): Promise<void> {
    if (!this.props.canEdit || this.recording) return
    if (!step) return this.say(say('nothingToUndo'), 'draft')
    const address = `${this.props.address}/dub/undo`
    if (await this.change(() => ask<Dub>('POST', address, step))) done()
    this.draw()
  }

  private async upload(line: Line, file: File): Promise<void> {
    if (file.size > LARGEST) return this.say(say('studioFileTooLarge'), 'failed')
    try {
      await this.sender?.add({
        id: newUid(),
        person: this.props.person,
        track: this.props.track,
        line: line.uid,
        number: line.number,
        name: file.name,
        wav: await file.arrayBuffer(),
        start: null,
        end: null,
        latency: 0,
        missing: 0,
        at: Date.now(),
      })
    } catch {
      this.say(say('studioNotKept'), 'failed')
    }
  }

  // --- moving about ----------------------------------------------------------------------------

  private step(by: number): void {
    if (this.recording) return
    const lines = this.dub.lines.filter((line) => isIn(this.filter, this.dub, line))
    const at = lines.findIndex((line) => line.uid === this.here)
    const next = lines[Math.max(0, Math.min(lines.length - 1, at < 0 ? 0 : at + by))]
    if (next) this.goTo(next.uid)
  }

  private goTo(uid: string): void {
    if (this.recording || uid === this.here) return
    this.listener.stop()
    void this.saveText()
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

  private async saveText(line = this.line): Promise<void> {
    const text = line && localStorage.getItem(this.key(line.uid))
    if (!line || text === null || text === undefined) return
    const saved = await this.put(line, { text })
    if (saved && localStorage.getItem(this.key(line.uid)) === text)
      localStorage.removeItem(this.key(line.uid))
    this.draw()
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
    into('progress', progress(this.listed))
    into('lines', list(this.listed))
    into('line', detail(this.host, this.line))
    into('bar', this.booth?.bar(this.line !== undefined) ?? nothing)
    into('told', messages(this.busy, this.told, this.sender))
    this.root.classList.toggle('is-recording', this.recording)
    this.paint()
  }

  private get listed(): Listed {
    return {
      dub: this.dub,
      language: this.props.language,
      here: this.here,
      filter: this.filter,
      timecode: (time) => this.player.grid.timecode(time),
      choose: (filter) => {
        this.filter = filter
        this.draw()
      },
      goTo: (uid) => this.goTo(uid),
    }
  }

  private get host(): Host {
    return {
      dub: this.dub,
      language: this.props.language,
      canEdit: this.props.canEdit,
      busy: this.busy !== '',
      canUndo: this.changes.undoable !== undefined,
      canRedo: this.changes.redoable !== undefined,
      timecode: (time) => this.player.grid.timecode(time),
      textOf: (line) => this.textOf(line),
      typed: (line, text) => this.typed(line, text),
      saveText: () => void this.saveText(),
      put: (line, what) => void this.put(line, what),
      remark: (take, comment) =>
        void this.change(() => ask<Dub>('PUT', `/api/v1/takes/${take.id}`, { comment })),
      use: (line, take) => void this.use(line, take),
      play: (line, take) => void this.playTake(line, take),
      upload: (line, file) => void this.upload(line, file),
    }
  }

  private paint(): void {
    const { line } = this
    if (!line) return
    this.wave.paint(line)
    for (const each of this.root.querySelectorAll<HTMLCanvasElement>('canvas[data-take]'))
      void pointsOf(`/api/v1/takes/${each.dataset.take}/peaks`).then((points) =>
        drawPoints(each, points),
      )
  }
}
