/** Recording one line: picture with pre-roll, three beeps, a streamer over the text, and an end by itself. */
import type { Player } from '../shared/player.ts'
import { FLICKS_PER_SECOND, type Flicks } from '../shared/time.ts'
import { say } from '../shared/words.ts'
import { FLICKS_PER_SAMPLE } from './dub.ts'
import type { Recorder } from './recorder.ts'
import { RATE, levelOf, voiceIn, type Level } from './sound.ts'

export interface Spoken {
  readonly samples: Float32Array
  /** Samples in which the take begins and ends: the voice, or the line's own times. */
  readonly start: number
  readonly end: number
  readonly latency: number
  readonly missing: number
  readonly level: Level
  readonly silent: boolean
}

export interface LineToSpeak {
  readonly text: string
  readonly start: Flicks
  readonly end: Flicks
}

const BEFORE = RATE / 2 // kept before the line: somebody may begin early
const TAIL = RATE // kept after it
const COUNT = 3
const PRE_ROLL = 3.4 * FLICKS_PER_SECOND // the picture needs a moment until it runs

export class Session {
  private readonly recorder: Recorder
  private readonly player: Player
  private readonly overlay: Overlay
  private stopped = false
  /** The cue, in frames of the audio clock, once it is known. */
  private cue = 0

  constructor(recorder: Recorder, player: Player, screen: HTMLElement, language: string) {
    this.recorder = recorder
    this.player = player
    this.overlay = new Overlay(screen, language)
  }

  stop(): void {
    this.stopped = true
  }

  /**
   * What was spoken, or null when it was stopped.
   *
   * snap    the take begins with the voice; otherwise at the line's own start
   * aloud   the original is heard meanwhile: only with headphones
   */
  async run(line: LineToSpeak, snap: boolean, aloud: boolean): Promise<Spoken | null> {
    const { recorder, player } = this
    const { latency } = recorder
    this.overlay.show(line.text)
    if (player.video) player.video.muted = !aloud
    try {
      this.cue = await this.rollPicture(line)
      for (let left = COUNT; left > 0; left--) recorder.beep(this.cue - left * RATE)
      const length = Math.round((line.end - line.start) / FLICKS_PER_SAMPLE)
      this.overlay.follow(() => (recorder.now - this.cue) / RATE, length / RATE)
      const from = this.cue - BEFORE + latency
      const to = this.cue + length + TAIL + latency
      const taken = await recorder.cut(from, to, () => this.stopped)
      if (!taken) return null
      this.overlay.wait()
      const lost = await recorder.lost(from, to)
      const voice = voiceIn(taken.samples)
      const [start, end] =
        voice && snap
          ? voice
          : [BEFORE, voice ? Math.max(voice[1], BEFORE + RATE / 10) : taken.samples.length]
      return {
        samples: taken.samples,
        start,
        end,
        latency,
        missing: taken.missing + lost,
        level: levelOf(taken.samples),
        silent: voice === null,
      }
    } finally {
      this.overlay.hide()
      player.pause()
      if (player.video) player.video.muted = false
    }
  }

  /** Starts the picture before the line; the frame of the audio clock at which the line begins. */
  private async rollPicture(line: LineToSpeak): Promise<number> {
    const { recorder, player } = this
    const from = line.start - PRE_ROLL
    await player.seekTime(Math.max(0, from))
    const least = recorder.now + Math.round(3.2 * RATE)
    if (!player.video) return least
    if (from < 0) {
      // The film has not so much before the line: the picture stands until it is its time.
      const cue = recorder.now + Math.round(3.4 * RATE)
      const wait = ((cue - recorder.now) * 1000) / RATE - (line.start * 1000) / FLICKS_PER_SECOND
      setTimeout(() => !this.stopped && void player.play(), Math.max(0, wait))
      return cue
    }
    let seen: number | null = null
    const unwatch = player.watch((frame, playing) => {
      if (playing && seen === null)
        seen =
          recorder.now + Math.round((line.start - player.grid.timeOf(frame)) / FLICKS_PER_SAMPLE)
    })
    await player.play()
    const patience = performance.now() + 1500
    while (seen === null && performance.now() < patience) await frame()
    unwatch()
    // Too late for three beeps: the count goes by the audio clock alone.
    return seen !== null && seen >= recorder.now + COUNT * RATE
      ? seen
      : recorder.now + Math.round(3.1 * RATE)
  }
}

function frame(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 8))
}

/** Over the picture: the text, large, and a line that reaches its left edge when the words begin. */
class Overlay {
  private readonly box = document.createElement('div')
  private readonly count = document.createElement('div')
  private readonly text = document.createElement('p')
  private readonly bar = document.createElement('div')
  private readonly calm = window.matchMedia('(prefers-reduced-motion: reduce)')
  private running = 0

  constructor(screen: HTMLElement, language: string) {
    this.box.className = 'streamer'
    this.box.hidden = true
    this.box.setAttribute('aria-hidden', 'true')
    this.count.className = 'streamer-count'
    this.text.className = 'streamer-text'
    this.text.lang = language
    this.text.dir = 'auto'
    this.bar.className = 'streamer-bar'
    this.box.append(this.bar, this.count, this.text)
    screen.append(this.box)
  }

  show(text: string): void {
    this.text.textContent = text
    this.count.textContent = ''
    this.box.dataset.state = 'count'
    this.box.hidden = false
  }

  /** *at*: seconds after the line's start, negative before it. */
  follow(at: () => number, seconds: number): void {
    const step = () => {
      const now = at()
      this.box.dataset.state = now < 0 ? 'count' : now < seconds ? 'speak' : 'over'
      this.count.textContent = now < 0 ? String(Math.ceil(-now)) : ''
      const share = now < 0 ? Math.min(1, -now / COUNT) : Math.min(1, now / seconds)
      this.bar.style.insetInlineStart = this.calm.matches ? '0' : now < 0 ? `${share * 100}%` : '0'
      this.bar.style.inlineSize = now < 0 ? '4px' : this.calm.matches ? '100%' : `${share * 100}%`
      this.running = requestAnimationFrame(step)
    }
    cancelAnimationFrame(this.running)
    this.running = requestAnimationFrame(step)
  }

  wait(): void {
    cancelAnimationFrame(this.running)
    this.box.dataset.state = 'over'
    this.count.textContent = say('studioHearing')
  }

  hide(): void {
    cancelAnimationFrame(this.running)
    this.box.remove()
  }
}
