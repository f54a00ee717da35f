/** The waveform: peaks, cues as blocks, shot changes and the playhead on one canvas; draws only what is visible. */
import { firstStartingAfter, type Cue, type Cues } from '../shared/cues.ts'
import { pointAt, type Peaks } from '../shared/peaks.ts'
import { FLICKS_PER_SECOND, type Flicks, type FrameGrid } from '../shared/time.ts'

const EDGE_PX = 8
const SNAP_PX = 6
const RULER_PX = 16
const STEPS = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600]
const NAMES = [
  'wave',
  'wave-ground',
  'cue',
  'cue-edge',
  'cue-on',
  'cue-on-edge',
  'shot',
  'accent',
  'quiet',
  'line',
] as const

export interface WaveHost {
  readonly grid: FrameGrid
  readonly canEdit: boolean
  readonly end: Flicks
  readonly shots: readonly Flicks[]
  cues(): Cues
  active(): string
  playhead(): Flicks
  seek(time: Flicks): void
  activate(uid: string): void
  /** An edge was let go: the cue has these times now. */
  retime(uid: string, start: Flicks, end: Flicks): void
}

type Hold = { cue: Cue; edge: 'start' | 'end'; at: Flicks }

export class Wave {
  private readonly host: WaveHost
  private readonly peaks: Peaks
  private readonly canvas = document.createElement('canvas')
  private readonly context: CanvasRenderingContext2D
  private readonly box: HTMLElement
  private from: Flicks = 0
  private perPixel: Flicks
  private hold: Hold | null = null
  private asked = false
  private colours: Record<(typeof NAMES)[number], string>
  private readonly ends: (() => void)[] = []

  constructor(box: HTMLElement, peaks: Peaks, host: WaveHost) {
    this.box = box
    this.host = host
    this.peaks = peaks
    box.replaceChildren(this.canvas)
    this.context = this.canvas.getContext('2d', { alpha: false })!
    this.perPixel = Math.min(FLICKS_PER_SECOND / 60, host.end / Math.max(1, box.clientWidth))
    this.colours = this.readColours()
    this.listen()
    this.ask()
  }

  private readColours(): Record<(typeof NAMES)[number], string> {
    const probe = document.createElement('i')
    this.box.append(probe)
    const found = Object.fromEntries(
      NAMES.map((name) => {
        probe.style.color = `var(--${name})`
        return [name, getComputedStyle(probe).color]
      }),
    )
    probe.remove()
    return found as Record<(typeof NAMES)[number], string>
  }

  private listen(): void {
    const { canvas } = this
    const resize = new ResizeObserver(() => this.ask())
    resize.observe(this.box)
    const recolour = () => {
      this.colours = this.readColours()
      this.ask()
    }
    const dark = window.matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', recolour)
    document.addEventListener('terjime:theme', recolour)
    canvas.addEventListener('pointerdown', (event) => this.down(event))
    canvas.addEventListener('pointermove', (event) => this.move(event))
    canvas.addEventListener('pointerup', (event) => this.up(event))
    canvas.addEventListener('pointercancel', () => this.letGo())
    canvas.addEventListener('wheel', (event) => this.wheel(event), { passive: false })
    this.ends.push(
      () => resize.disconnect(),
      () => dark.removeEventListener('change', recolour),
      () => document.removeEventListener('terjime:theme', recolour),
    )
  }

  end(): void {
    for (const each of this.ends) each()
  }

  ask(): void {
    if (this.asked) return
    this.asked = true
    requestAnimationFrame(() => {
      this.asked = false
      this.draw()
    })
  }

  private get width(): number {
    return Math.max(1, this.box.clientWidth)
  }

  private x(time: Flicks): number {
    return (time - this.from) / this.perPixel
  }

  private time(x: number): Flicks {
    return Math.round(this.from + x * this.perPixel)
  }

  zoom(times: number, around: Flicks = this.host.playhead()): void {
    const least = FLICKS_PER_SECOND / 600
    const most = Math.max(least, this.host.end / this.width)
    const share = (around - this.from) / (this.width * this.perPixel)
    this.perPixel = Math.max(least, Math.min(most, this.perPixel / times))
    const inside = share >= 0 && share <= 1 ? share : 0.5
    this.show(around - inside * this.width * this.perPixel)
  }

  private show(from: Flicks): void {
    const span = this.width * this.perPixel
    this.from = Math.round(Math.max(0, Math.min(this.host.end - span, from)))
    this.ask()
  }

  /** Keep a time in sight: a page further when it runs out on the right. */
  follow(time: Flicks): void {
    const span = this.width * this.perPixel
    if (!this.hold && (time < this.from || time > this.from + span * 0.96))
      this.show(time - span * 0.08)
    this.ask()
  }

  private draw(): void {
    const { canvas, context: c, colours } = this
    const scale = window.devicePixelRatio || 1
    const [width, height] = [this.width, Math.max(1, this.box.clientHeight)]
    if (
      canvas.width !== Math.round(width * scale) ||
      canvas.height !== Math.round(height * scale)
    ) {
      canvas.width = Math.round(width * scale)
      canvas.height = Math.round(height * scale)
    }
    c.setTransform(scale, 0, 0, scale, 0, 0)
    c.fillStyle = colours['wave-ground']
    c.fillRect(0, 0, width, height)
    this.drawCues(width, height)
    this.drawWave(width, height)
    this.drawShots(width, height)
    this.drawRuler(width)
    c.fillStyle = colours.accent
    c.fillRect(Math.round(this.x(this.host.playhead())), 0, 2, height)
  }

  private drawCues(width: number, height: number): void {
    const { context: c, colours } = this
    const active = this.host.active()
    for (const cue of this.visible(width)) {
      const shown = this.hold?.cue.uid === cue.uid ? this.held(this.hold) : cue
      const [left, right] = [this.x(shown.start), this.x(shown.end)]
      const on = cue.uid === active
      c.fillStyle = on ? colours['cue-on'] : colours.cue
      c.fillRect(left, RULER_PX, right - left, height - RULER_PX)
      c.fillStyle = on ? colours['cue-on-edge'] : colours['cue-edge']
      c.fillRect(left, RULER_PX, 2, height - RULER_PX)
      c.fillRect(right - 2, RULER_PX, 2, height - RULER_PX)
    }
  }

  private *visible(width: number): Generator<Cue> {
    const cues = this.host.cues()
    const until = this.time(width)
    // A few cues back from the first that starts in sight: those that still last.
    for (let i = Math.max(0, firstStartingAfter(cues, this.from) - 4); i < cues.length; i++) {
      if (cues[i]!.start > until) break
      yield cues[i]!
    }
  }

  private drawWave(width: number, height: number): void {
    const { context: c, peaks } = this
    const middle = RULER_PX + (height - RULER_PX) / 2
    const half = (height - RULER_PX) / 2 - 2
    c.fillStyle = this.colours.wave
    for (let x = 0; x < width; x++) {
      const first = pointAt(peaks, this.time(x))
      if (first >= peaks.length) break
      const [low, high] = peaks.range(first, Math.max(first + 1, pointAt(peaks, this.time(x + 1))))
      c.fillRect(x, middle - high * half, 1, Math.max(1, (high - low) * half))
    }
  }

  private drawShots(width: number, height: number): void {
    const { context: c } = this
    c.fillStyle = this.colours.shot
    for (const shot of this.host.shots) {
      const x = Math.round(this.x(shot))
      if (x < 0 || x > width) continue
      for (let y = RULER_PX; y < height; y += 6) c.fillRect(x, y, 1, 4)
    }
  }

  private drawRuler(width: number): void {
    const { context: c } = this
    const seconds = (90 * this.perPixel) / FLICKS_PER_SECOND
    const step = (STEPS.find((each) => each >= seconds) ?? 1200) * FLICKS_PER_SECOND
    c.fillStyle = this.colours.line
    c.fillRect(0, RULER_PX - 1, width, 1)
    c.font = '11px "Noto Sans", sans-serif'
    c.textBaseline = 'middle'
    for (let at = Math.ceil(this.from / step) * step; this.x(at) < width; at += step) {
      const x = this.x(at)
      c.fillStyle = this.colours.quiet
      c.fillRect(x, RULER_PX - 5, 1, 4)
      c.fillText(this.host.grid.timecode(at), x + 4, RULER_PX / 2)
    }
  }

  private edgeAt(x: number): Hold | null {
    let best: Hold | null = null
    let nearest = EDGE_PX
    for (const cue of this.visible(this.width))
      for (const edge of ['start', 'end'] as const) {
        const away = Math.abs(this.x(cue[edge]) - x)
        // Of two edges at one place the active cue's is taken.
        if (away < nearest || (away === nearest && cue.uid === this.host.active())) {
          nearest = away
          best = { cue, edge, at: cue[edge] }
        }
      }
    return best
  }

  private down(event: PointerEvent): void {
    if (event.button !== 0) return
    const edge = this.host.canEdit && !event.shiftKey ? this.edgeAt(event.offsetX) : null
    if (edge) {
      this.hold = edge
      this.canvas.setPointerCapture(event.pointerId)
      this.host.activate(edge.cue.uid)
      return
    }
    const time = this.time(event.offsetX)
    const cue = [...this.visible(this.width)].find((each) => each.start <= time && time < each.end)
    // A click in the ruler, or with Shift, always moves the playhead; one on a cue only selects it.
    if (cue && !event.shiftKey && event.offsetY > RULER_PX) this.host.activate(cue.uid)
    else this.host.seek(this.host.grid.snap(time))
  }

  private move(event: PointerEvent): void {
    if (!this.hold) {
      this.canvas.style.cursor =
        this.host.canEdit && this.edgeAt(event.offsetX) ? 'ew-resize' : 'default'
      return
    }
    this.hold.at = this.snapped(event.offsetX)
    this.ask()
  }

  /** The nearest frame; a shot change within a few pixels is preferred. */
  private snapped(x: number): Flicks {
    const time = this.time(x)
    for (const shot of this.host.shots) if (Math.abs(this.x(shot) - x) < SNAP_PX) return shot
    return Math.max(0, Math.min(this.host.end, this.host.grid.snap(time)))
  }

  private held(hold: Hold): { start: Flicks; end: Flicks } {
    const frame = this.host.grid.timeOf(1)
    return hold.edge === 'start'
      ? { start: Math.min(hold.at, hold.cue.end - frame), end: hold.cue.end }
      : { start: hold.cue.start, end: Math.max(hold.at, hold.cue.start + frame) }
  }

  private up(event: PointerEvent): void {
    const hold = this.hold
    if (!hold) return
    this.canvas.releasePointerCapture(event.pointerId)
    this.hold = null
    const { start, end } = this.held(hold)
    if (start !== hold.cue.start || end !== hold.cue.end) this.host.retime(hold.cue.uid, start, end)
    this.ask()
  }

  private letGo(): void {
    this.hold = null
    this.ask()
  }

  private wheel(event: WheelEvent): void {
    if (event.ctrlKey) {
      event.preventDefault()
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8, this.time(event.offsetX))
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey) {
      event.preventDefault()
      this.show(this.from + (event.deltaX || event.deltaY) * this.perPixel)
    }
  }
}
