/** Time is a whole number of flicks (1/705 600 000 s); frame rates are num/den. Mirrors workflow/timebase.py. */
export type Flicks = number

export const FLICKS_PER_SECOND = 705_600_000
export const FLICKS_PER_MS = 705_600

export interface Rate {
  readonly num: number
  readonly den: number
}

/** Nearest flick, a tie to the even one, as Python rounds; exact beyond 2^53 on the way. */
function scaled(value: number, times: number, by: number): number {
  const product = value * times
  if (Number.isSafeInteger(product)) {
    const whole = Math.floor(product / by)
    const rest = product - whole * by
    if (rest * 2 === by) return whole % 2 === 0 ? whole : whole + 1
    return rest * 2 > by ? whole + 1 : whole
  }
  const big = BigInt(value) * BigInt(times)
  const divisor = BigInt(by)
  let whole = big / divisor
  let rest = big % divisor
  if (rest < 0n) {
    whole -= 1n
    rest += divisor
  }
  const twice = rest * 2n
  if (twice > divisor || (twice === divisor && whole % 2n !== 0n)) whole += 1n
  return Number(whole)
}

function floored(value: number, times: number, by: number): number {
  const product = value * times
  if (Number.isSafeInteger(product)) return Math.floor(product / by)
  const big = BigInt(value) * BigInt(times)
  const divisor = BigInt(by)
  const whole = big / divisor
  return Number(big % divisor < 0n ? whole - 1n : whole)
}

/** Frames of a constant-rate film whose first frame is at time 0. */
export class FrameGrid {
  readonly rate: Rate

  constructor(rate: Rate) {
    this.rate = rate
  }

  /** Start of a frame. */
  timeOf(frame: number): Flicks {
    return scaled(frame, FLICKS_PER_SECOND * this.rate.den, this.rate.num)
  }

  /** The frame on screen at a time. */
  frameAt(time: Flicks): number {
    const frame = floored(time, this.rate.num, FLICKS_PER_SECOND * this.rate.den)
    if (this.timeOf(frame + 1) <= time) return frame + 1
    return this.timeOf(frame) > time ? frame - 1 : frame
  }

  /** First frame at or after a time: the first that shows a cue starting then. */
  firstFrameAt(time: Flicks): number {
    const frame = this.frameAt(time)
    return this.timeOf(frame) === time ? frame : frame + 1
  }

  /** Start of the nearest frame; a tie goes to the later one. */
  snap(time: Flicks): Flicks {
    const frame = this.frameAt(time)
    const before = this.timeOf(frame)
    const after = this.timeOf(frame + 1)
    return time - before < after - time ? before : after
  }

  /** Frames that a timecode counts to a second: 24 for 23.976. */
  get nominal(): number {
    return Math.max(1, Math.round(this.rate.num / this.rate.den))
  }

  /** HH:MM:SS:FF of the frame on screen, non-drop. */
  timecode(time: Flicks): string {
    return this.timecodeOfFrame(this.frameAt(Math.max(time, 0)))
  }

  timecodeOfFrame(frame: number): string {
    const seconds = Math.floor(frame / this.nominal)
    return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}:${two(frame % this.nominal)}`
  }

  /**
   * A time as a person writes it: HH:MM:SS:FF by frames, HH:MM:SS.mmm by milliseconds; leading
   * parts may be left out. Null when it is neither.
   */
  parse(text: string): Flicks | null {
    const trimmed = text.trim()
    const byFrames = /^(?:(?:(\d{1,2}):)?(\d{1,2}):)?(\d{1,2}):(\d{1,3})$/.exec(trimmed)
    if (byFrames && trimmed.split(':').length >= 3) {
      const [, hours, minutes, seconds, frames] = byFrames
      if (Number(frames) >= this.nominal || Number(seconds) > 59 || Number(minutes ?? 0) > 59)
        return null
      const whole = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds)
      return this.timeOf(whole * this.nominal + Number(frames))
    }
    const byMs = /^(?:(?:(\d{1,2}):)?(\d{1,2}):)?(\d{1,2})[.,](\d{1,3})$/.exec(trimmed)
    if (!byMs) return null
    const [, hours, minutes, seconds, part] = byMs
    if (Number(seconds) > 59 || Number(minutes ?? 0) > 59) return null
    const whole = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds)
    return whole * FLICKS_PER_SECOND + Number((part ?? '').padEnd(3, '0')) * FLICKS_PER_MS
  }
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}
