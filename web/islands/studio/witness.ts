/**
 * Whether samples were lost between the device and the audio clock. Chromium drops 10 ms there when it is short of
 * time and leaves no gap in the frame numbers, so what the device gave is counted beside what arrived. Pure.
 */
import { RATE } from './sound.ts'

const LEAST = RATE / 160 // 6 ms: the counts themselves waver by some 4 ms

export class Witness {
  private seen: { readonly frame: number; readonly ahead: number }[] = []

  /**
   * At the arrival of a block.
   *
   * given    samples that the device gave so far, brought to 48 kHz
   * arrived  samples that arrived so far
   * frame    of the audio clock
   */
  note(given: number, arrived: number, frame: number): void {
    this.seen.push({ frame, ahead: given - arrived })
    if (this.seen.length > 6000) this.seen.splice(0, 3000)
  }

  /**
   * Samples lost in [from, to): by how much the device's lead grew from the second before to the second after.
   * Null where nothing can be said: the device was not counted, or too little was seen.
   */
  lost(from: number, to: number): number | null {
    const before = this.lead(from - RATE, from)
    const after = this.lead(to, to + RATE)
    if (before === null || after === null) return null
    const grew = Math.round(after - before)
    return grew >= LEAST ? grew : 0
  }

  /** The most that the device was ahead: messages may come late, never early. */
  private lead(from: number, to: number): number | null {
    const ahead = this.seen.filter((each) => each.frame >= from && each.frame < to)
    return ahead.length < 10 ? null : Math.max(...ahead.map((each) => each.ahead))
  }
}
