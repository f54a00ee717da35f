/** The recording booth: microphone, one line recorded at a time, the delay measured. Takes go to the sender. */
import { html, nothing, type TemplateResult } from 'lit'
import { icon } from '../shared/icon.ts'
import { newUid } from '../shared/ids.ts'
import type { Player } from '../shared/player.ts'
import type { TakeSender, WaitingTake } from '../shared/takes.ts'
import { oneDecimal, say, sayCount } from '../shared/words.ts'
import type { Line } from './dub.ts'
import type { Listener } from './listen.ts'
import { Recorder, type Microphone } from './recorder.ts'
import { Session, type Spoken } from './session.ts'
import { RATE, decibels, wav24, type Level } from './sound.ts'

const DEVICE = 'terjime.microphone'
const ALOUD = 'terjime.headphones'
const FREE = 'terjime.no-snap'

/** What the booth needs of the studio around it. */
export interface Studio {
  readonly person: string
  readonly track: string
  readonly language: string
  readonly player: Player
  readonly listener: Listener
  readonly sender: TakeSender
  /** Over the picture. */
  readonly screen: HTMLElement
  say(text: string, tone: string): void
  /** What takes a moment just now; "" when it is over. */
  setBusy(text: string): void
  draw(): void
}

export class Booth {
  private readonly studio: Studio
  private readonly recorder = new Recorder()
  private session: Session | null = null
  private microphones: readonly Microphone[] = []
  private measuring = false

  constructor(studio: Studio, onLevel: (level: Level) => void) {
    this.studio = studio
    this.recorder.onLevel = onLevel
    if (Recorder.possible) void this.listMicrophones()
  }

  get recording(): boolean {
    return this.session !== null
  }

  stop(): void {
    this.session?.stop()
  }

  close(): void {
    this.recorder.close()
  }

  private async openMicrophone(): Promise<boolean> {
    if (!Recorder.possible) {
      this.studio.say(say('studioNoMicrophoneHere'), 'failed')
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
      this.studio.say(
        say(name === 'NotAllowedError' ? 'studioDenied' : 'studioNoMicrophone'),
        'failed',
      )
      return false
    }
    await this.listMicrophones()
    return true
  }

  private async listMicrophones(): Promise<void> {
    this.microphones = await this.recorder.microphones()
    this.studio.draw()
  }

  async record(line: Line): Promise<void> {
    if (this.session) return this.session.stop()
    this.studio.listener.stop()
    if (!(await this.openMicrophone())) return
    const { player, screen, language } = this.studio
    const session = new Session(this.recorder, player, screen, language)
    this.session = session
    this.studio.draw()
    const spoken = await session
      .run(line, !localStorage.getItem(FREE), localStorage.getItem(ALOUD) !== null)
      .catch((error: unknown) => {
        this.studio.say(`${say('studioNoMicrophone')} ${String(error)}`, 'failed')
        return null
      })
    this.session = null
    if (spoken) await this.keep(line, spoken)
    else this.studio.draw()
  }

  private async keep(line: Line, spoken: Spoken): Promise<void> {
    if (spoken.silent) {
      this.studio.say(say('studioSilent'), 'failed')
      return
    }
    const wav = wav24(spoken.samples)
    const take: WaitingTake = {
      id: newUid(),
      person: this.studio.person,
      track: this.studio.track,
      line: line.uid,
      number: line.number,
      wav,
      start: spoken.start,
      end: spoken.end,
      latency: spoken.latency,
      missing: spoken.missing,
      at: Date.now(),
    }
    if (spoken.missing) this.studio.say(sayCount('studioMissingSamples', spoken.missing), 'changes')
    else if (spoken.level.clipped) this.studio.say(say('studioClipped'), 'changes')
    else if (decibels(spoken.level.peak) < -40) this.studio.say(say('studioQuiet'), 'changes')
    else this.studio.say(say('studioHeard'), 'approved')
    // Heard at once, without waiting for the network.
    const heard = wav24(spoken.samples.subarray(spoken.start, spoken.end))
    void this.studio.listener.play(new Blob([heard], { type: 'audio/wav' }), line.start)
    try {
      await this.studio.sender.add(take)
    } catch {
      this.studio.say(say('studioNotKept'), 'failed')
    }
  }

  async calibrate(): Promise<void> {
    if (this.session || this.measuring || !(await this.openMicrophone())) return
    this.measuring = true
    this.studio.setBusy(say('studioCalibrating', { done: 0, of: 5 }))
    const found = await this.recorder.calibrate((done, of) => {
      this.studio.setBusy(say('studioCalibrating', { done, of }))
    })
    this.measuring = false
    this.studio.setBusy('')
    if (!found) this.studio.say(say('studioNotHeard'), 'failed')
    else if (found.spread > RATE / 100)
      this.studio.say(
        say('studioUnsteady', { ms: oneDecimal((found.spread * 1000) / RATE) }),
        'changes',
      )
    else
      this.studio.say(
        say('studioMeasured', { ms: oneDecimal((found.samples * 1000) / RATE) }),
        'approved',
      )
  }

  // --- drawing ---------------------------------------------------------------------------------

  /** The microphone and what is done with it; *ready*: there is a line to record. */
  bar(ready: boolean): TemplateResult {
    const recording = this.session !== null
    const measured = this.recorder.isOpen ? this.recorder.measured : null
    return html`<div class="row">
        <button
          type="button"
          class="record ${recording ? 'danger' : 'primary'}"
          data-command="studio/record"
          ?disabled=${!ready}
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
}
