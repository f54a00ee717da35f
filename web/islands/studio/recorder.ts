/**
 * The microphone: every sample of it on the audio clock, sounds played on the same clock, and the round trip of
 * both measured. Nothing is made better on the way: no echo cancelling, no noise suppression, no gain control.
 */
import tap from './tap.worklet.ts?worker&url'
import {
  Capture,
  RATE,
  find,
  latencyOf,
  levelOf,
  sweep,
  type Block,
  type Latency,
  type Level,
} from './sound.ts'
import { Witness } from './witness.ts'

export interface Take {
  readonly samples: Float32Array
  readonly missing: number
}

export interface Microphone {
  readonly id: string
  readonly label: string
}

const KEPT = 'terjime.latency'
const SWEEPS = 5
const SETTLE = Math.round(1.05 * RATE) // after a take, for the witness
/** Chromium's: the sound as the device gives it, before the audio clock takes it over. */
interface Given {
  readonly numberOfFrames: number
  readonly sampleRate: number
  close(): void
}
type Tracked = new (init: { track: MediaStreamTrack; maxBufferSize: number }) => {
  readonly readable: ReadableStream<Given>
}

export class Recorder {
  onLevel: (level: Level) => void = () => {}
  private context: AudioContext | null = null
  private stream: MediaStream | null = null
  private device = ''
  private capture = new Capture()
  private witness = new Witness()
  private given = 0
  private arrived = 0
  private starts = 0

  static get possible(): boolean {
    return 'mediaDevices' in navigator && 'AudioWorkletNode' in window
  }

  get isOpen(): boolean {
    return this.context !== null
  }

  /** Raises DOMException NotAllowedError, NotFoundError and others as getUserMedia does. */
  async open(device: string): Promise<void> {
    if (this.context && this.device === device) {
      await this.context.resume()
      return
    }
    this.close()
    const context = new AudioContext({ sampleRate: RATE, latencyHint: 'interactive' })
    const stream = await navigator.mediaDevices
      .getUserMedia({
        audio: {
          ...(device ? { deviceId: { exact: device } } : {}),
          channelCount: 1,
          sampleRate: RATE,
          echoCancellation: false,
          noiseSuppression: false,
          autoGainControl: false,
        },
      })
      .catch((error: unknown) => {
        void context.close()
        throw error
      })
    await context.resume()
    await context.audioWorklet.addModule(tap)
    const node = new AudioWorkletNode(context, 'tap', {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      channelCount: 1,
      channelCountMode: 'explicit',
    })
    this.stream = stream
    this.context = context
    this.device = device
    this.capture = new Capture()
    this.witness = new Witness()
    this.given = this.arrived = 0
    node.port.onmessage = (event: MessageEvent<Block>) => this.take(event.data)
    context.createMediaStreamSource(stream).connect(node)
    node.connect(context.destination) // silent; it keeps the node running
    this.watchDevice(stream.getAudioTracks()[0]!, ++this.starts)
  }

  close(): void {
    this.starts++
    for (const track of this.stream?.getTracks() ?? []) track.stop()
    void this.context?.close()
    this.context = this.stream = null
  }

  /** Microphones; their names are known once one was allowed. */
  async microphones(): Promise<readonly Microphone[]> {
    const all = await navigator.mediaDevices.enumerateDevices()
    return all
      .filter((each) => each.kind === 'audioinput' && each.deviceId !== 'communications')
      .map((each) => ({ id: each.deviceId, label: each.label }))
  }

  private take(block: Block): void {
    this.capture.add(block)
    this.arrived += block.samples.length
    if (this.given > 0) this.witness.note(this.given, this.arrived, this.capture.until)
    this.onLevel(levelOf(block.samples))
  }

  private watchDevice(track: MediaStreamTrack, start: number): void {
    const Processor = (window as { MediaStreamTrackProcessor?: Tracked }).MediaStreamTrackProcessor
    if (!Processor) return
    const reader = new Processor({ track, maxBufferSize: 3000 }).readable.getReader()
    const read = async (): Promise<void> => {
      for (;;) {
        const { value, done } = await reader.read()
        if (done || start !== this.starts) break
        this.given += (value.numberOfFrames * RATE) / value.sampleRate
        value.close()
      }
      await reader.cancel()
    }
    void read().catch(() => {
      this.given = 0
    })
  }

  /** Now, in frames of the audio clock. */
  get now(): number {
    return Math.ceil((this.context?.currentTime ?? 0) * RATE)
  }

  play(samples: Float32Array<ArrayBuffer>, at: number): void {
    const { context } = this
    if (!context) return
    const buffer = context.createBuffer(1, samples.length, RATE)
    buffer.copyToChannel(samples, 0)
    const source = context.createBufferSource()
    source.buffer = buffer
    source.connect(context.destination)
    source.start(at / RATE)
  }

  beep(at: number): void {
    const length = RATE / 20
    const samples = new Float32Array(length)
    for (let i = 0; i < length; i++)
      samples[i] =
        0.4 * Math.sin((2 * Math.PI * 1000 * i) / RATE) * Math.min(1, i / 96, (length - i) / 96)
    this.play(samples, at)
  }

  /**
   * What the microphone heard in [from, to) of the audio clock, once it is all there.
   *
   * Null when *stopped* says so before.
   */
  async cut(from: number, to: number, stopped: () => boolean = () => false): Promise<Take | null> {
    while (this.capture.until < to) {
      if (stopped() || !this.context) return null
      await pause(20)
    }
    const { samples, missing } = this.capture.cut(from, to)
    return { samples, missing }
  }

  /** Waits until it can be said, and says how many samples of [from, to) fell out unseen. */
  async lost(from: number, to: number): Promise<number> {
    if (this.given > 0) while (this.context && this.capture.until < to + SETTLE) await pause(20)
    const lost = this.witness.lost(from, to) ?? 0
    this.capture.forget(to)
    return lost
  }

  /** Plays sweeps and listens for them. Null when they were not heard. */
  async calibrate(progress: (done: number, of: number) => void): Promise<Latency | null> {
    const known = sweep()
    const trips: number[] = []
    for (let i = 0; i < SWEEPS; i++) {
      const at = this.now + Math.round(0.2 * RATE)
      this.play(known, at)
      const heard = await this.cut(at, at + Math.round(0.7 * RATE))
      const found = heard && find(heard.samples, known)
      if (found) trips.push(found.at)
      progress(i + 1, SWEEPS)
      this.capture.forget(this.now)
    }
    const latency = latencyOf(trips, SWEEPS)
    if (latency) this.keep(latency)
    return latency
  }

  private get pair(): string {
    const settings = this.stream?.getAudioTracks()[0]?.getSettings()
    return `${settings?.deviceId ?? this.device}|${settings?.groupId ?? ''}`
  }

  private keep(latency: Latency): void {
    const all = readKept()
    all[this.pair] = latency
    localStorage.setItem(KEPT, JSON.stringify(all))
  }

  /** The round trip as it was measured for this device, or null. */
  get measured(): Latency | null {
    return readKept()[this.pair] ?? null
  }

  /** The round trip that takes are moved by: measured, or what the browser believes. */
  get latency(): number {
    const { context, measured } = this
    if (measured) return measured.samples
    const settings = this.stream?.getAudioTracks()[0]?.getSettings() as { latency?: number }
    const seconds =
      (context?.baseLatency ?? 0) + (context?.outputLatency ?? 0) + (settings?.latency ?? 0)
    return Math.round(seconds * RATE)
  }
}

function readKept(): Record<string, Latency> {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Record<string, Latency>
  } catch {
    return {}
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
