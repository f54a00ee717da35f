/** The picture with its captions and controls. Knows frames and flicks; seconds stay in the frame clock. */
import { FrameClock } from './clock.ts'
import { cuesAt, type Cue, type Cues } from './cues.ts'
import { drawText } from './markup.ts'
import { FrameGrid, type Flicks, type Rate } from './time.ts'
import type { Commands } from './commands.ts'

export interface FilmProps {
  readonly rate: readonly [number, number] | null
  readonly frames: number | null
  readonly duration: Flicks | null
  readonly width: number | null
  readonly height: number | null
}

const SHUTTLE = [1, 2, 4] as const
const BACK_STEPS_A_SECOND = 8

export class Player {
  readonly grid: FrameGrid
  readonly frames: number
  readonly video: HTMLVideoElement | null
  private readonly clock: FrameClock | null
  private readonly captions: HTMLElement
  private readonly timecode: HTMLOutputElement
  private readonly slider: HTMLInputElement
  private readonly speed: HTMLSelectElement
  private readonly playButton: HTMLElement | null
  private readonly cues: () => Cues
  private drawn: readonly Cue[] = []
  private stopAt: number | null = null
  private backward = 0
  private shuttle = 0
  private ended: (() => void) | null = null
  private readonly watchers = new Set<(frame: number, playing: boolean) => void>()

  /** cues    what is drawn over the picture; an empty list where they are burned in */
  constructor(root: HTMLElement, film: FilmProps, cues: () => Cues) {
    const part = <T extends HTMLElement>(name: string) =>
      root.querySelector<T>(`[data-part="${name}"]`)!
    const rate: Rate = { num: film.rate?.[0] ?? 25, den: film.rate?.[1] ?? 1 }
    this.grid = new FrameGrid(rate)
    this.frames = film.frames ?? 1
    this.cues = cues
    this.video = part<HTMLVideoElement>('video')
    this.captions = part('captions')
    this.timecode = part('timecode')
    this.slider = part('seek')
    this.speed = part('speed')
    this.playButton = root.querySelector('[data-command="player/play"] use')
    if (film.width && film.height)
      part('screen').style.aspectRatio = `${film.width} / ${film.height}`
    this.clock = this.video ? new FrameClock(this.video, rate, this.frames) : null
    if (this.video && this.clock) this.listen(this.video, this.clock)
    this.slider.addEventListener('input', () => void this.seekFrame(Number(this.slider.value)))
    part<HTMLSelectElement>('size')?.addEventListener('change', (event) =>
      this.changeSize((event.target as HTMLSelectElement).value),
    )
    // A seek takes the poster away, which is another frame than the one that is told.
    void this.seekFrame(0)
  }

  private listen(video: HTMLVideoElement, clock: FrameClock): void {
    clock.follow((frame) => this.onFrame(frame))
    const sign = () => {
      const icon = this.playButton?.getAttribute('href')?.replace(/#.*/, '')
      this.playButton?.setAttribute('href', `${icon}#${video.paused ? 'play' : 'pause'}`)
      this.tell()
    }
    for (const event of ['play', 'pause', 'ended']) video.addEventListener(event, sign)
    video.addEventListener('click', () => this.toggle())
    this.speed.addEventListener('change', () => {
      video.playbackRate = Number(this.speed.value)
    })
  }

  private changeSize(address: string): void {
    const video = this.video
    if (!video) return
    const frame = this.frame
    const playing = !video.paused
    video.src = address
    video.playbackRate = Number(this.speed.value)
    void this.seekFrame(frame).then(() => {
      if (playing) void this.play()
    })
  }

  get frame(): number {
    return this.clock?.aim ?? Number(this.slider.value)
  }

  /** Start of the frame on screen. */
  get time(): Flicks {
    return this.grid.timeOf(this.frame)
  }

  get playing(): boolean {
    return this.video !== null && !this.video.paused
  }

  get rate(): number {
    return this.video?.playbackRate ?? 1
  }

  /** Told every frame that comes on screen, and when playing starts or stops. Returns its own undo. */
  watch(watcher: (frame: number, playing: boolean) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  private tell(): void {
    for (const watcher of this.watchers) watcher(this.frame, this.playing)
  }

  private onFrame(frame: number): void {
    if (this.stopAt !== null && frame >= this.stopAt) {
      const last = this.stopAt
      this.stopAt = null
      this.video?.pause()
      const over = this.ended
      this.ended = null
      if (over) over()
      else void this.seekFrame(last)
    }
    this.show(frame)
  }

  private show(frame: number): void {
    this.timecode.textContent = this.grid.timecodeOfFrame(frame)
    this.slider.value = String(frame)
    this.slider.setAttribute('aria-valuetext', this.timecode.textContent)
    this.redraw(frame)
    this.tell()
  }

  /** Draw the captions of the frame on screen, as they are now. */
  redraw(frame = this.frame): void {
    const active = cuesAt(this.cues(), this.grid.timeOf(frame))
    if (active.length === this.drawn.length && active.every((cue, i) => cue === this.drawn[i]))
      return
    this.drawn = active
    const boxes = new Map<number, HTMLElement>()
    for (const cue of active) {
      const place = cue.position ?? 2
      let box = boxes.get(place)
      if (!box) {
        box = document.createElement('div')
        box.className = placeClass(place)
        boxes.set(place, box)
      }
      const line = document.createElement('span')
      line.append(drawText(cue.text))
      box.append(line)
    }
    this.captions.replaceChildren(...boxes.values())
  }

  async seekFrame(frame: number): Promise<void> {
    const wanted = Math.max(0, Math.min(this.frames - 1, Math.round(frame)))
    this.show(wanted)
    if (this.clock) this.show(await this.clock.seek(wanted))
  }

  seekTime(time: Flicks): Promise<void> {
    return this.seekFrame(this.grid.firstFrameAt(time))
  }

  async play(): Promise<void> {
    this.stopBackward()
    try {
      await this.video?.play()
    } catch (error) {
      // A pause or another source came before playing began: nothing to do.
      if ((error as DOMException).name !== 'AbortError') throw error
    }
  }

  pause(): void {
    this.stopAt = null
    this.ended = null
    this.stopBackward()
    this.shuttle = 0
    if (this.video) {
      this.video.playbackRate = Number(this.speed.value)
      this.video.pause()
    }
  }

  toggle(): void {
    if (this.playing || this.backward) this.pause()
    else void this.play()
  }

  /** Play [start, end) and stop on its last frame. Resolves at the end, never when stopped before. */
  async playSpan(start: Flicks, end: Flicks, then?: () => void): Promise<void> {
    this.pause()
    await this.seekTime(Math.max(0, start))
    this.stopAt = Math.max(this.frame + 1, this.grid.firstFrameAt(end) - 1)
    this.ended = then ?? null
    await this.play()
  }

  private step(frames: number): void {
    this.pause()
    void this.seekFrame(this.frame + frames)
  }

  private shuttleForward(): void {
    this.stopBackward()
    if (!this.video) return
    this.shuttle = Math.min(SHUTTLE.length, this.shuttle + 1)
    this.video.playbackRate = SHUTTLE[this.shuttle - 1]!
    void this.play()
  }

  /** Browsers cannot play backward: step back eight times a second instead. */
  private shuttleBackward(): void {
    const faster = this.backward ? Math.min(SHUTTLE.length, this.shuttle + 1) : 1
    this.pause()
    this.shuttle = faster
    const frames = Math.max(
      1,
      Math.round((this.grid.nominal / BACK_STEPS_A_SECOND) * SHUTTLE[faster - 1]!),
    )
    this.backward = window.setInterval(() => {
      if (this.frame === 0) this.stopBackward()
      else void this.seekFrame(this.frame - frames)
    }, 1000 / BACK_STEPS_A_SECOND)
  }

  private stopBackward(): void {
    clearInterval(this.backward)
    this.backward = 0
  }

  get commands(): Commands {
    const second = this.grid.nominal
    return {
      'player/play': () => this.toggle(),
      'player/frame-back': () => this.step(-1),
      'player/frame-forward': () => this.step(1),
      'player/second-back': () => void this.seekFrame(this.frame - second),
      'player/second-forward': () => void this.seekFrame(this.frame + second),
      'player/half-back': () => void this.seekFrame(this.frame - Math.round(second / 2)),
      'player/half-forward': () => void this.seekFrame(this.frame + Math.round(second / 2)),
      'player/reverse': () => this.shuttleBackward(),
      'player/stop': () => this.pause(),
      'player/forward': () => this.shuttleForward(),
    }
  }
}

function placeClass(numpad: number): string {
  const row = numpad >= 7 ? 'at-top' : numpad >= 4 ? 'at-middle' : ''
  const column = numpad % 3 === 1 ? 'at-left' : numpad % 3 === 0 ? 'at-right' : ''
  return [row, column].filter(Boolean).join(' ')
}
