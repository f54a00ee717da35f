/** The desk: picture, cue list and waveform over one draft. */
import { ask, type Change, type DraftView, type Finding } from '../shared/api.ts'
import { bindCommands, type Commands } from '../shared/commands.ts'
import {
  changeCue,
  cueAfter,
  cuesAt,
  inOrder,
  joinCues,
  mergeCues,
  splitCue,
  type Cue,
  type Cues,
} from '../shared/cues.ts'
import { Edits } from '../shared/edits.ts'
import { findCues, replaceText } from '../shared/find.ts'
import { newUid } from '../shared/ids.ts'
import { draftStore, leftBehind } from '../shared/outbox.ts'
import { readPeaks } from '../shared/peaks.ts'
import { Player, type FilmProps } from '../shared/player.ts'
import { Saver, type Sent, type State } from '../shared/saver.ts'
import { FLICKS_PER_SECOND, type Flicks } from '../shared/time.ts'
import { say, sayCount, tell } from '../shared/words.ts'
import { Beside } from './beside.ts'
import { askAboutConflicts } from './conflict.ts'
import { divide } from './divider.ts'
import { FindingsPanel, askAboutWords, askReason } from './findings.ts'
import { CueList } from './list.ts'
import { applied, showMends } from './mends.ts'
import { StatusLine } from './status.ts'
import { Wave } from './wave.ts'

interface Props extends FilmProps {
  readonly track: string
  readonly person: string
  readonly language: string
  readonly canEdit: boolean
  readonly draft: { readonly etag: string; readonly cues: Cues }
  readonly draftAddress: string
  readonly findingsAddress: string
  /** Of the track in the API; of the project's words, or "" for who may not add any. */
  readonly address: string
  readonly wordsAddress: string
  readonly rules: Readonly<Record<string, string>>
  /** What findings say in the person's language, by the English template. */
  readonly sentences: Readonly<Record<string, string>>
  readonly peaks: string | null
  readonly shots: readonly Flicks[]
}

const HALF_SECOND = FLICKS_PER_SECOND / 2
const NEW_CUE = FLICKS_PER_SECOND * 2
/** Mending all of a long, bad track takes seconds. Nothing depends on the answer: what was typed is saved apart. */
const MENDING_MS = 120_000

export function mount(root: HTMLElement): () => void {
  const props = JSON.parse(root.querySelector('[data-props]')!.textContent!) as Props
  const desk = new Desk(root, props)
  return () => desk.end()
}

class Desk {
  private readonly root: HTMLElement
  private readonly props: Props
  private readonly edits: Edits
  private readonly player: Player
  private readonly list: CueList
  private readonly saver: Saver
  private readonly status: StatusLine
  private readonly panel: FindingsPanel
  private readonly beside: Beside
  private wave: Wave | null = null
  private active = ''
  private findings: readonly Finding[] = []
  private found: ReadonlyMap<string, readonly Finding[]> = new Map()
  private readonly ends: (() => void)[] = []
  private hits: number[] = []
  private lastState: State['kind'] = 'saved'
  private shown: State | null = null
  private mending = false

  constructor(root: HTMLElement, props: Props) {
    this.root = root
    this.props = props
    this.edits = new Edits(props.draft.cues)
    this.status = new StatusLine(this.part('status'))
    this.player = new Player(root, props, () => this.edits.now)
    this.saver = this.makeSaver()
    this.list = new CueList(this.part('list'), {
      grid: this.player.grid,
      language: props.language,
      canEdit: props.canEdit,
      cues: () => this.edits.now,
      findings: (uid) => this.found.get(uid) ?? [],
      tell: (finding) => tell(finding, props.sentences),
      activate: (uid, focus) => this.activate(uid, focus, true),
      type: (uid, text) => this.change(changeCue(this.edits.now, uid, { text }), `text ${uid}`),
      retime: (uid, which, text) => this.typeTime(uid, which, text),
      nudge: (uid, which, frames) => this.nudge(uid, which, frames),
      restTyping: () => this.edits.rest(),
      firstCue: () => this.insert(),
    })
    this.panel = new FindingsPanel(this.part('findings'), {
      canEdit: props.canEdit,
      mayAddWords: props.wordsAddress !== '',
      rules: props.rules,
      tell: (finding) => tell(finding, props.sentences),
      goTo: (uid) => this.activate(uid, true, true),
      mend: (finding) => void this.mend(finding ? [finding.rule] : null, finding?.uid ?? null),
      ignore: (finding, reason) => void this.setAside(finding, reason),
      heed: (finding) => void this.judge('heed', { look: finding.look }),
      addWords: (finding) => this.askAboutWords(finding),
    })
    this.beside = new Beside(
      this.part('beside'),
      props.address,
      props.language,
      props.canEdit
        ? (text) => this.change(changeCue(this.edits.now, this.active, { text }))
        : null,
    )
    this.player.watch((frame, playing) => this.onFrame(frame, playing))
    this.ends.push(bindCommands(root, 'desk', this.commands()))
    divide(root, this.part('divider'))
    this.listenToPage()
    this.listenToFind()
    if (this.edits.now[0]) this.activate(this.edits.now[0].uid, false, false)
    void this.loadPeaks()
    void this.loadFindings()
    if (props.canEdit) void this.recover()
  }

  end(): void {
    for (const each of this.ends) each()
    this.wave?.end()
  }

  private part(name: string): HTMLElement {
    return this.root.querySelector<HTMLElement>(`[data-part="${name}"]`)!
  }

  // Saving -------------------------------------------------------------------------------------

  private makeSaver(): Saver {
    const { props } = this
    return new Saver(
      {
        store: draftStore(props.person, props.track),
        send: (etag, cues) => sendDraft(props.draftAddress, etag, cues),
        later: (ms, run) => {
          const timer = window.setTimeout(run, ms)
          return () => clearTimeout(timer)
        },
        said: (state) => this.onState(state),
        joined: (cues, count) => this.onJoined(cues, count),
      },
      props.draft.etag,
      props.draft.cues,
    )
  }

  private onState(state: State): void {
    this.shown = state
    this.status.show(state)
    this.root.dataset.state = state.kind
    if (state.kind === 'saved') {
      for (const field of document.querySelectorAll<HTMLInputElement>('input[name="etag"]'))
        field.value = this.saver.etag
      this.edits.rest()
      if (this.lastState !== 'saved') void this.loadFindings()
    }
    this.lastState = state.kind
    if (state.kind === 'clash')
      askAboutConflicts(
        state.conflicts,
        this.player.grid,
        this.props.language,
        (uid) => this.edits.now.findIndex((cue) => cue.uid === uid) + 1,
        (choices) => this.saver.resolve(choices),
      )
  }

  private onJoined(cues: Cues, count: number): void {
    this.edits.replace(cues)
    if (count > 0) this.status.say(sayCount('merged', count), 'saved')
    this.refresh()
  }

  private async recover(): Promise<void> {
    const waiting = await leftBehind(this.props.person, this.props.track)
    if (!waiting) {
      if (!this.shown) this.status.say(say('saved'), 'saved')
      return
    }
    // What was typed while this computer looked is kept, above what waited.
    const { cues } = mergeCues(this.props.draft.cues, this.edits.now, waiting.cues)
    this.saver.recover({ ...waiting, cues })
    this.edits.replace(cues)
    this.status.say(say('recovered'), 'waiting')
    this.refresh()
  }

  private async loadFindings(): Promise<void> {
    const answer = await ask<{ findings: Finding[] }>('GET', this.props.findingsAddress)
    if (answer.ok) this.showFindings(answer.body.findings)
  }

  private showFindings(all: readonly Finding[]): void {
    const heard = all.filter((finding) => !finding.ignored)
    const byCue = new Map<string, Finding[]>()
    for (const finding of heard)
      byCue.set(finding.uid, [...(byCue.get(finding.uid) ?? []), finding])
    this.findings = all
    this.found = byCue
    this.list.update()
    this.panel.show(all, this.active)
    this.root.dataset.findings = String(heard.length)
    const told = document.querySelector('[data-part="submit-findings"]')
    if (told)
      told.textContent = heard.length ? sayCount('findingsRemain', heard.length) : say('noFindings')
  }

  /** Ask what mending would change and show it; of one cue, or of all. Nothing changes before they say so. */
  private async mend(rules: readonly string[] | null, uid: string | null): Promise<void> {
    if (this.mending) return
    this.mending = true
    const cues = this.edits.now
    this.status.say(say('workingOut'), 'saving')
    const answer = await ask<{ changes: Change[]; conflicts: string[] }>(
      'POST',
      `${this.props.address}/mends`,
      { cues, rules, uid },
      {},
      MENDING_MS,
    )
    this.mending = false
    if (!answer.ok) {
      this.status.say(answer.error?.message ?? say('mendNoAnswer'), 'refused')
      return
    }
    const { changes, conflicts } = answer.body
    if (this.shown) this.status.show(this.shown)
    else this.status.say(say('saved'), 'saved')
    if (changes.length === 0) {
      this.status.say(say('nothingToMend'), 'saved')
      return
    }
    showMends(
      changes,
      conflicts.length,
      this.player.grid,
      this.props.language,
      (of) => cues.findIndex((cue) => cue.uid === of) + 1,
      (chosen) => this.change(applied(this.edits.now, chosen)),
    )
  }

  private async setAside(finding: Finding, reason: string): Promise<void> {
    await this.judge('ignore', { look: finding.look, reason })
  }

  private async judge(what: 'ignore' | 'heed', body: object): Promise<void> {
    // The server judges what it holds: first it gets all of it.
    if (!(await this.saver.flush())) {
      this.status.say(say('cannotSave'), 'refused')
      return
    }
    const answer = await ask<{ findings: Finding[] }>(
      'POST',
      `${this.props.address}/findings/${what}`,
      body,
    )
    if (answer.ok) this.showFindings(answer.body.findings)
    else this.status.say(answer.error?.message ?? say('offline'), 'refused')
  }

  private askAboutWords(finding: Finding): void {
    const words = [...finding.message.matchAll(/“([^”]+)”/g)].map((found) => found[1]!)
    const { uid } = finding
    askAboutWords(
      words,
      this.props.language,
      async (word) => {
        const address = `${this.props.address}/suggestions?word=${encodeURIComponent(word)}`
        const answer = await ask<{ suggestions: string[] }>('GET', address)
        return answer.ok ? answer.body.suggestions : []
      },
      async (word) => {
        const body = { text: word.toLowerCase(), kind: 'word' }
        const answer = await ask('POST', this.props.wordsAddress, body)
        if (answer.ok) void this.loadFindings()
        else this.status.say(answer.error?.message ?? say('offline'), 'refused')
        return answer.ok
      },
      (word, by) => {
        const cue = this.edits.now.find((each) => each.uid === uid)
        if (cue) this.change(changeCue(this.edits.now, uid, { text: cue.text.replace(word, by) }))
      },
    )
  }

  /** The active cue's first finding of which that holds. */
  private findingHere(fits: (finding: Finding) => boolean): Finding | null {
    const here = this.found.get(this.active)?.find(fits) ?? null
    if (!here) this.status.say(say('nothingHere'), 'saved')
    return here
  }

  // Changing -----------------------------------------------------------------------------------

  private change(cues: Cues, about = ''): void {
    if (!this.props.canEdit || cues === this.edits.now) return
    this.edits.make(cues, about)
    this.afterChange()
  }

  private afterChange(): void {
    this.saver.change(this.edits.now)
    this.refresh()
  }

  private refresh(): void {
    const index = this.index
    if (index < 0 && this.edits.now.length > 0) {
      const nearest = cuesAt(this.edits.now, this.player.time)[0] ?? this.edits.now[0]!
      this.activate(nearest.uid, false, false)
    }
    this.list.update()
    this.player.redraw()
    this.wave?.ask()
  }

  private get index(): number {
    return this.edits.now.findIndex((cue) => cue.uid === this.active)
  }

  private get cue(): Cue | undefined {
    return this.edits.now[this.index]
  }

  private activate(uid: string, focus: boolean, seek: boolean): void {
    this.edits.rest()
    this.active = uid
    const index = this.index
    this.list.setActive(uid, index, focus)
    this.panel.show(this.findings, uid)
    this.beside.about(uid)
    const cue = this.edits.now[index]
    if (cue && seek && !this.player.playing) void this.player.seekTime(cue.start)
    this.wave?.ask()
  }

  private typeTime(uid: string, which: 'start' | 'end', text: string): string | null {
    const cue = this.edits.now.find((each) => each.uid === uid)
    const time = this.player.grid.parse(text)
    if (!cue || time === null) return say('badTime')
    if (this.player.grid.timecode(time) === this.player.grid.timecode(cue[which])) return null
    if (which === 'start' ? time >= cue.end : time <= cue.start) return say('badTime')
    this.change(changeCue(this.edits.now, uid, { [which]: time }))
    return null
  }

  private nudge(uid: string, which: 'start' | 'end', frames: number): void {
    const { grid } = this.player
    const cue = this.edits.now.find((each) => each.uid === uid)
    if (!cue) return
    const time = grid.timeOf(Math.max(0, grid.frameAt(grid.snap(cue[which])) + frames))
    this.setTime(cue, which, time)
  }

  private setTime(cue: Cue, which: 'start' | 'end', time: Flicks): void {
    if (which === 'start' ? time < cue.end : time > cue.start)
      this.change(changeCue(this.edits.now, cue.uid, { [which]: time }))
  }

  private setHere(which: 'start' | 'end'): void {
    const cue = this.cue
    if (!cue) return
    const time = this.player.time
    // A cue that lay elsewhere is moved as a whole, not turned inside out.
    if (which === 'start' && time >= cue.end)
      this.change(
        changeCue(this.edits.now, cue.uid, { start: time, end: time + cue.end - cue.start }),
      )
    else this.setTime(cue, which, time)
  }

  private split(): void {
    const cue = this.cue
    if (!cue) return
    const area = this.list.textArea
    const place =
      area && area === document.activeElement && area.selectionStart > 0
        ? area.selectionStart
        : undefined
    const here = this.player.time
    const inside = here > cue.start && here < cue.end
    const share = place === undefined ? 0.5 : place / Math.max(1, cue.text.length)
    const at = inside
      ? here
      : this.player.grid.snap(Math.round(cue.start + (cue.end - cue.start) * share))
    const halves = splitCue(cue, at, newUid(), place)
    if (!halves) return
    this.change(inOrder(this.edits.now.flatMap((each) => (each.uid === cue.uid ? halves : [each]))))
    this.activate(halves[1].uid, true, false)
  }

  private merge(): void {
    const [cue, next] = [this.cue, this.edits.now[this.index + 1]]
    if (!cue || !next) return
    const joined = joinCues(cue, next)
    this.change(
      this.edits.now
        .filter((each) => each.uid !== next.uid)
        .map((each) => (each.uid === cue.uid ? joined : each)),
    )
    this.activate(cue.uid, true, false)
  }

  private insert(): void {
    const frame = this.player.grid.timeOf(1)
    const end = this.props.duration ?? this.player.grid.timeOf(this.player.frames)
    const made = cueAfter(this.edits.now, this.index, newUid(), frame * 2, NEW_CUE, end)
    if (!made) return
    this.change(
      inOrder([...this.edits.now, made].sort((a, b) => a.start - b.start || a.end - b.end)),
    )
    this.activate(made.uid, true, true)
  }

  private remove(): void {
    const index = this.index
    const cue = this.edits.now[index]
    if (!cue) return
    const next = this.edits.now[index + 1] ?? this.edits.now[index - 1]
    this.change(this.edits.now.filter((each) => each.uid !== cue.uid))
    if (next) this.activate(next.uid, false, false)
    this.part('list').focus()
  }

  private goTo(index: number): void {
    const cue = this.edits.now[index]
    if (cue) this.activate(cue.uid, this.list.textArea === document.activeElement, true)
  }

  private goToFinding(step: 1 | -1): void {
    const cues = this.edits.now
    for (let i = 1; i <= cues.length; i++) {
      const index = (this.index + step * i + cues.length * i) % cues.length
      if (this.found.get(cues[index]!.uid)?.length) {
        this.goTo(index)
        return
      }
    }
  }

  private goHere(): void {
    const here = cuesAt(this.edits.now, this.player.time)[0]
    if (here) this.activate(here.uid, true, false)
  }

  private back(undo: boolean): void {
    if (!(undo ? this.edits.undo() : this.edits.redo())) return
    this.afterChange()
  }

  private playAround(edge: 'start' | 'end', before: boolean): void {
    const time = this.cue?.[edge]
    if (time === undefined) return
    void this.player.playSpan(
      before ? time - HALF_SECOND : time,
      before ? time : time + HALF_SECOND,
    )
  }

  private commands(): Commands {
    const reading: Commands = {
      ...this.player.commands,
      'player/play-cue': () => {
        const cue = this.cue
        if (cue) void this.player.playSpan(cue.start, cue.end)
      },
      'player/before-start': () => this.playAround('start', true),
      'player/after-start': () => this.playAround('start', false),
      'player/before-end': () => this.playAround('end', true),
      'player/after-end': () => this.playAround('end', false),
      'cue/previous': () => this.goTo(this.index - 1),
      'cue/next': () => this.goTo(this.index + 1),
      'cue/commit': () => this.goTo(this.index + 1),
      'cue/here': () => this.goHere(),
      'cue/next-finding': () => this.goToFinding(1),
      'cue/previous-finding': () => this.goToFinding(-1),
      'findings/list': () => this.panel.toggle(),
      'edit/find': () => this.openFind(),
      'find/next': () => this.findNext(),
      'find/close': () => this.closeFind(),
      'wave/in': () => this.wave?.zoom(1.5),
      'wave/out': () => this.wave?.zoom(1 / 1.5),
    }
    if (!this.props.canEdit) return reading
    return {
      ...reading,
      'time/start-here': () => this.setHere('start'),
      'time/end-here': () => this.setHere('end'),
      'time/start-earlier': () => this.nudge(this.active, 'start', -1),
      'time/start-later': () => this.nudge(this.active, 'start', 1),
      'time/end-earlier': () => this.nudge(this.active, 'end', -1),
      'time/end-later': () => this.nudge(this.active, 'end', 1),
      'cue/insert': () => this.insert(),
      'cue/split': () => this.split(),
      'cue/merge': () => this.merge(),
      'cue/delete': () => this.remove(),
      'findings/mend': () => void this.mend(null, this.active),
      'findings/mend-all': () => void this.mend(null, null),
      'findings/set-aside': () => {
        const finding = this.findingHere((each) => each.may_ignore)
        if (finding)
          askReason(
            finding,
            tell(finding, this.props.sentences),
            (reason) => void this.setAside(finding, reason),
          )
      },
      'findings/add-word': () => {
        if (!this.props.wordsAddress) return
        const finding = this.findingHere((each) => each.rule === 'M07')
        if (finding) this.askAboutWords(finding)
      },
      'memory/insert': () => this.beside.insertBest(),
      'edit/undo': () => this.back(true),
      'edit/redo': () => this.back(false),
      'edit/send': () => void this.saver.flush(),
      'find/replace': () => this.replace(false),
      'find/replace-all': () => this.replace(true),
    }
  }

  // Finding ------------------------------------------------------------------------------------

  private get findForm(): HTMLFormElement {
    return this.part('find') as HTMLFormElement
  }

  private wanted(): [string, string] {
    const field = (name: string) =>
      (this.findForm.elements.namedItem(name) as HTMLInputElement | null)?.value ?? ''
    return [field('what'), field('with')]
  }

  private listenToFind(): void {
    this.findForm.addEventListener('input', () => this.look())
    this.findForm.addEventListener('submit', (event) => {
      event.preventDefault()
      this.findNext()
    })
    this.findForm.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.closeFind()
    })
  }

  private openFind(): void {
    this.findForm.hidden = false
    const field = this.findForm.elements.namedItem('what') as HTMLInputElement
    field.focus()
    field.select()
    this.look()
  }

  private closeFind(): void {
    this.findForm.hidden = true
    this.list.focusText()
  }

  private look(): void {
    const [what] = this.wanted()
    this.hits = findCues(this.edits.now, what)
    this.part('find-count').textContent = what ? sayCount('found', this.hits.length) : ''
  }

  private findNext(): void {
    this.look()
    const next = this.hits.find((index) => index > this.index) ?? this.hits[0]
    const cue = next === undefined ? undefined : this.edits.now[next]
    if (cue) this.activate(cue.uid, false, true)
  }

  private replace(everywhere: boolean): void {
    const [what, by] = this.wanted()
    const [cues, count] = replaceText(
      this.edits.now,
      what,
      by,
      everywhere ? undefined : this.active,
    )
    this.change(cues)
    this.look()
    this.part('find-count').textContent = sayCount('replaced', count)
    if (!everywhere) {
      const next = this.hits.find((index) => index > this.index)
      if (next !== undefined) this.goTo(next)
    }
  }

  // Picture and sound --------------------------------------------------------------------------

  private onFrame(frame: number, playing: boolean): void {
    const time = this.player.grid.timeOf(frame)
    this.list.setNow(new Set(cuesAt(this.edits.now, time).map((cue) => cue.uid)))
    if (playing) this.wave?.follow(time)
    else this.wave?.ask()
  }

  private async loadPeaks(): Promise<void> {
    const box = this.part('wave')
    const address = this.props.peaks
    const response = address ? await fetch(address).catch(() => null) : null
    if (!response?.ok) {
      const told = document.createElement('p')
      told.textContent = say('noPeaks')
      box.replaceChildren(told)
      return
    }
    this.wave = new Wave(box, readPeaks(await response.arrayBuffer()), {
      grid: this.player.grid,
      canEdit: this.props.canEdit,
      end: this.props.duration ?? this.player.grid.timeOf(this.player.frames),
      shots: this.props.shots,
      cues: () => this.edits.now,
      active: () => this.active,
      playhead: () => this.player.time,
      seek: (time) => void this.player.seekTime(time),
      activate: (uid) => this.activate(uid, false, false),
      retime: (uid, start, end) => this.change(changeCue(this.edits.now, uid, { start, end })),
    })
  }

  // The page around ----------------------------------------------------------------------------

  private listenToPage(): void {
    const flush = () => void this.saver.flush()
    const hidden = () => {
      if (document.hidden) flush()
    }
    addEventListener('online', flush)
    document.addEventListener('visibilitychange', hidden)
    addEventListener('blur', flush)
    this.ends.push(() => {
      removeEventListener('online', flush)
      removeEventListener('blur', flush)
      document.removeEventListener('visibilitychange', hidden)
    })
    if (!this.props.canEdit) return
    // Forms that work on the draft wait until the server has all of it.
    for (const form of document.querySelectorAll<HTMLFormElement>('form[data-needs-saved]'))
      form.addEventListener('submit', (event) => this.saveThenSend(event, form))
  }

  private saveThenSend(event: SubmitEvent, form: HTMLFormElement): void {
    if (this.saver.changes === 0) return
    event.preventDefault()
    this.status.say(say('saveFirst'), 'saving')
    void this.saver.flush().then((safe) => {
      if (safe) form.requestSubmit(event.submitter)
      else {
        form.closest('dialog')?.close()
        this.status.say(say('cannotSave'), 'refused')
      }
    })
  }
}

async function sendDraft(address: string, etag: string, cues: Cues): Promise<Sent> {
  const answer = await ask<DraftView>('PUT', address, { cues }, { 'If-Match': `"${etag}"` })
  if (answer.ok)
    return {
      kind: 'saved',
      etag: answer.body.etag,
      cues: answer.body.cues,
      merged: answer.body.merged ?? 0,
    }
  if (answer.status === 0 || answer.status >= 500) return { kind: 'offline' }
  if (answer.status === 401 || answer.error?.code === 'CSRF_FAILED') return { kind: 'signed-out' }
  if (answer.error?.code === 'DRAFT_CHANGED') {
    const theirs = await ask<DraftView>('GET', address)
    return theirs.ok
      ? { kind: 'clash', etag: theirs.body.etag, cues: theirs.body.cues }
      : { kind: 'offline' }
  }
  const { message, where, advice } = answer.error!
  return {
    kind: 'refused',
    message: `${message}${where ? ` (${where})` : ''}${advice ? ` ${advice}` : ''}`,
  }
}
