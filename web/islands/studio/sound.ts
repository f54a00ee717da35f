/** Samples of one channel at 48 kHz and what can be told of them. Pure: no audio device, no DOM. */
export const RATE = 48_000
export const CLIPPED = 0.999

/** What the worklet hands over: *at* is the audio clock's frame of its first sample. */
export interface Block {
  readonly number: number
  readonly at: number
  readonly samples: Float32Array
}

export interface Stretch {
  readonly samples: Float32Array
  /** Samples of the stretch where silence stands instead of what the microphone heard. */
  readonly missing: number
}

/** Blocks as they come, until they are cut into takes. */
export class Capture {
  private blocks: Block[] = []
  private last = -1
  /** Blocks that were sent and never came. */
  lost = 0

  add(block: Block): void {
    if (this.last >= 0 && block.number > this.last + 1) this.lost += block.number - this.last - 1
    this.last = block.number
    this.blocks.push(block)
  }

  /** The frame after the last sample that is here. */
  get until(): number {
    const last = this.blocks.at(-1)
    return last ? last.at + last.samples.length : 0
  }

  /** What lies before this frame is not needed any more. */
  forget(before: number): void {
    this.blocks = this.blocks.filter((block) => block.at + block.samples.length > before)
  }

  /** Exactly [from, to). */
  cut(from: number, to: number): Stretch {
    const samples = new Float32Array(to - from)
    let have = 0
    let next = from
    for (const block of this.blocks) {
      const start = Math.max(next, block.at)
      const end = Math.min(to, block.at + block.samples.length)
      if (start >= end) continue
      samples.set(block.samples.subarray(start - block.at, end - block.at), start - from)
      have += end - start
      next = end
    }
    return { samples, missing: Math.max(to - from - have, holesIn(samples)) }
  }
}

const HOLE = { least: RATE / 400, most: RATE / 10 } // 2.5 to 100 ms
const BESIDE = RATE / 500 // samples on either side of a hole that must be heard
const HEARD = 2 ** -12 // eight steps of 16 bits: what stands still at zero is not a quiet microphone

/**
 * Samples in holes: stretches of exact silence in the midst of sound. An audio clock that is given too little in time
 * puts them in and goes on; nothing is lost then, and no frame number tells.
 */
export function holesIn(samples: Float32Array): number {
  const heard = (from: number, to: number) =>
    from >= 0 && to <= samples.length && levelOf(samples.subarray(from, to)).peak >= HEARD
  let sum = 0
  for (let at = 0; at < samples.length; at++) {
    if (samples[at] !== 0) continue
    const begin = at
    while (samples[at] === 0) at++
    const length = at - begin
    if (length < HOLE.least || length > HOLE.most) continue
    if (heard(begin - BESIDE, begin) && heard(at, at + BESIDE)) sum += length
  }
  return sum
}

/** A mono WAV of 24 bits. */
export function wav24(samples: Float32Array): ArrayBuffer {
  const bytes = samples.length * 3
  const buffer = new ArrayBuffer(44 + bytes + (bytes & 1))
  const view = new DataView(buffer)
  const text = (at: number, word: string) =>
    [...word].forEach((char, i) => view.setUint8(at + i, char.charCodeAt(0)))
  text(0, 'RIFF')
  view.setUint32(4, buffer.byteLength - 8, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true) // whole numbers
  view.setUint16(22, 1, true) // one channel
  view.setUint32(24, RATE, true)
  view.setUint32(28, RATE * 3, true)
  view.setUint16(32, 3, true)
  view.setUint16(34, 24, true)
  text(36, 'data')
  view.setUint32(40, bytes, true)
  for (let i = 0, at = 44; i < samples.length; i++, at += 3) {
    const value = Math.round(Math.max(-1, Math.min(1 - 2 ** -23, samples[i]!)) * 2 ** 23)
    view.setUint16(at, value & 0xffff, true)
    view.setInt8(at + 2, value >> 16)
  }
  return buffer
}

export interface Level {
  readonly peak: number
  readonly clipped: number
}

export function levelOf(samples: Float32Array): Level {
  let peak = 0
  let clipped = 0
  for (const sample of samples) {
    const size = Math.abs(sample)
    if (size > peak) peak = size
    if (size >= CLIPPED) clipped++
  }
  return { peak, clipped }
}

export function decibels(size: number): number {
  return size > 0 ? 20 * Math.log10(size) : -Infinity
}

const HOP = RATE / 500 // 2 ms
const STEADY = 15 // hops, 30 ms: shorter is a click of the tongue or of the chair
const LEAD = RATE / 125 // 8 ms before the onset: room for the soft edge of the mix
const TAIL = RATE / 10

/**
 * Where the voice begins and ends, in samples, or null where nothing is heard over the noise.
 *
 * The onset is the first 2 ms that rise 12 dB over the quietest fifth and lie within 34 dB of the loudest,
 * and stay so for most of 30 ms.
 */
export function voiceIn(samples: Float32Array): readonly [number, number] | null {
  const hops = Math.floor(samples.length / HOP)
  if (hops < STEADY) return null
  const power = new Float64Array(hops)
  for (let hop = 0; hop < hops; hop++) {
    let sum = 0
    for (let i = hop * HOP; i < (hop + 1) * HOP; i++) sum += samples[i]! ** 2
    power[hop] = sum / HOP
  }
  const sorted = Float64Array.from(power).sort()
  const loudest = sorted[Math.floor(hops * 0.98)]!
  const floor = sorted[Math.floor(hops * 0.2)]!
  const least = Math.max(floor * 10 ** 1.2, loudest / 10 ** 3.4, 1e-9)
  if (loudest < least) return null
  const loud = (hop: number) => power[hop]! >= least
  const steady = (hop: number, step: 1 | -1) => {
    let count = 0
    for (let i = 0; i < STEADY; i++) {
      const at = hop + i * step
      if (at >= 0 && at < hops && loud(at)) count++
    }
    return count >= STEADY * 0.6
  }
  let first = 0
  while (first < hops && !(loud(first) && steady(first, 1))) first++
  if (first === hops) return null
  let last = hops - 1
  while (last > first && !(loud(last) && steady(last, -1))) last--
  return [Math.max(0, first * HOP - LEAD), Math.min(samples.length, (last + 1) * HOP + TAIL)]
}

/** A sweep of 0.1 s from 500 to 6000 Hz: found again to the sample, where a beep is not. */
export function sweep(): Float32Array<ArrayBuffer> {
  const length = RATE / 10
  const samples = new Float32Array(length)
  for (let i = 0; i < length; i++) {
    const t = i / RATE
    const phase = 2 * Math.PI * (500 * t + ((6000 - 500) / (2 * 0.1)) * t * t)
    samples[i] = 0.6 * Math.sin(phase) * Math.sin((Math.PI * i) / length)
  }
  return samples
}

/** Where *known* is heard in *samples* and how like it that place is (1 is the same); null below 0.25. */
export function find(
  samples: Float32Array,
  known: Float32Array,
): { readonly at: number; readonly likeness: number } | null {
  const step = 3
  let energy = 0
  for (let i = 0; i < known.length; i += step) energy += known[i]! ** 2
  let best = 0
  let place = -1
  for (let at = 0; at + known.length <= samples.length; at++) {
    let dot = 0
    for (let i = 0; i < known.length; i += step) dot += samples[at + i]! * known[i]!
    if (Math.abs(dot) > best) {
      best = Math.abs(dot)
      place = at
    }
  }
  if (place < 0) return null
  let heard = 0
  for (let i = 0; i < known.length; i += step) heard += samples[place + i]! ** 2
  const likeness = heard > 0 ? best / Math.sqrt(heard * energy) : 0
  return likeness >= 0.25 ? { at: place, likeness } : null
}

export interface Latency {
  /** From a sound's scheduled frame to the frame in which it comes back. */
  readonly samples: number
  readonly spread: number
}

/** Median of the round trips; null when fewer than half came back. *of*: how many were played. */
export function latencyOf(trips: readonly number[], of: number): Latency | null {
  if (trips.length * 2 <= of) return null
  const sorted = [...trips].sort((a, b) => a - b)
  return { samples: sorted[sorted.length >> 1]!, spread: sorted.at(-1)! - sorted[0]! }
}

/** Minimum and maximum of each of *count* equal parts, as -1…1, for drawing. */
export function peaksOf(samples: Float32Array, count: number): Float32Array {
  const out = new Float32Array(count * 2)
  for (let part = 0; part < count; part++) {
    const from = Math.floor((part * samples.length) / count)
    const to = Math.max(from + 1, Math.floor(((part + 1) * samples.length) / count))
    for (let i = from; i < Math.min(to, samples.length); i++) {
      out[2 * part] = Math.min(out[2 * part]!, samples[i]!)
      out[2 * part + 1] = Math.max(out[2 * part + 1]!, samples[i]!)
    }
  }
  return out
}
