/** Waveform peaks in audiowaveform's .dat format (version 1 or 2, 8 or 16 bit): a minimum and a maximum a point. */
import { FLICKS_PER_SECOND, type Flicks } from './time.ts'

export interface Peaks {
  readonly perSecond: number
  readonly length: number
  /** Loudest minimum and maximum in [from, to), as -1…1. */
  range(from: number, to: number): readonly [number, number]
}

/** Raises RangeError for what is no such file. */
export function readPeaks(buffer: ArrayBuffer): Peaks {
  const view = new DataView(buffer)
  const version = view.getInt32(0, true)
  if (version !== 1 && version !== 2) throw new RangeError(`peaks of version ${version}`)
  const narrow = (view.getInt32(4, true) & 1) === 1
  const rate = view.getInt32(8, true)
  const perPoint = view.getInt32(12, true)
  const length = view.getUint32(16, true)
  const head = version === 2 ? 24 : 20
  const channels = version === 2 ? view.getInt32(20, true) : 1
  const values = narrow ? new Int8Array(buffer, head) : new Int16Array(buffer.slice(head))
  if (values.length < length * 2 * channels) throw new RangeError('peaks are cut short')
  const full = narrow ? 128 : 32768
  return {
    perSecond: rate / perPoint,
    length,
    range(from, to) {
      let low = 0
      let high = 0
      const end = Math.min(length, to) * channels
      for (let i = Math.max(0, from) * channels; i < end; i++) {
        low = Math.min(low, values[2 * i]!)
        high = Math.max(high, values[2 * i + 1]!)
      }
      return [low / full, high / full]
    },
  }
}

export function pointAt(peaks: Peaks, time: Flicks): number {
  return Math.floor((time * peaks.perSecond) / FLICKS_PER_SECOND)
}
