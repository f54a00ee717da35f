/** The original around the line at hand, with the line and its take marked. */
import { readPeaks, type Peaks } from '../shared/peaks.ts'
import { FLICKS_PER_SECOND } from '../shared/time.ts'
import { drawPoints } from './draw.ts'
import type { Line } from './dub.ts'

export const AROUND = FLICKS_PER_SECOND // seen and heard on both sides of a line

export class Wave {
  private readonly canvas: HTMLCanvasElement | null
  private peaks: Peaks | null = null

  constructor(canvas: HTMLCanvasElement | null) {
    this.canvas = canvas
  }

  /** Without them the line is marked all the same: the picture and the text say what must be known. */
  async load(address: string): Promise<void> {
    const answer = await fetch(address).catch(() => null)
    if (answer?.ok) this.peaks = readPeaks(await answer.arrayBuffer())
  }

  paint(line: Line): void {
    const { canvas } = this
    if (!canvas) return
    const from = line.start - AROUND
    const span = line.end - line.start + 2 * AROUND
    const share = (time: number) => (time - from) / span
    const marks = [{ from: share(line.start), to: share(line.end), colour: '--cue' }]
    if (line.placed_start !== null && line.placed_end !== null)
      marks.push({
        from: share(line.placed_start),
        to: share(line.placed_end),
        colour: '--cue-on',
      })
    drawPoints(canvas, this.around(from, span, canvas.clientWidth), marks)
  }

  private around(from: number, span: number, width: number): Float32Array | null {
    const { peaks } = this
    if (!peaks) return null
    const points = new Float32Array(2 * width)
    const at = (x: number) =>
      Math.floor(((from + (x * span) / width) * peaks.perSecond) / FLICKS_PER_SECOND)
    for (let x = 0; x < width; x++) {
      const [low, high] = peaks.range(at(x), Math.max(at(x) + 1, at(x + 1)))
      points[2 * x] = low
      points[2 * x + 1] = high
    }
    return points
  }
}
