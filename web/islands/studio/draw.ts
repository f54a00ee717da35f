/** Waves on canvases, in the colours of the theme. */
import { ask } from '../shared/api.ts'

/** Lowest and highest of each stretch, as -1…1. */
export type Points = Float32Array

interface PeaksAnswer {
  readonly points: readonly number[]
}

const kept = new Map<string, Promise<Points | null>>()

/** Peaks of a take or of a stretch of a recording; the same address is asked once. */
export function pointsOf(address: string): Promise<Points | null> {
  let asked = kept.get(address)
  if (!asked) {
    asked = ask<PeaksAnswer>('GET', address).then((answer) => {
      if (answer.ok) return Float32Array.from(answer.body.points, (value) => value / 127)
      kept.delete(address)
      return null
    })
    kept.set(address, asked)
  }
  return asked
}

export interface Mark {
  /** Share of the width, 0…1. */
  readonly from: number
  readonly to: number
  readonly colour: string
}

/** The canvas at its size on the page, painted anew. Colours are names of custom properties. */
export function drawPoints(
  canvas: HTMLCanvasElement,
  points: Points | null,
  marks: readonly Mark[] = [],
  colour = '--wave',
): void {
  const { clientWidth: width, clientHeight: height } = canvas
  const context = canvas.getContext('2d')
  if (!context || width === 0) return
  const dense = window.devicePixelRatio || 1
  canvas.width = Math.round(width * dense)
  canvas.height = Math.round(height * dense)
  context.scale(dense, dense)
  const paint = colours(canvas)
  for (const mark of marks) {
    context.fillStyle = paint(mark.colour)
    context.fillRect(mark.from * width, 0, Math.max(1, (mark.to - mark.from) * width), height)
  }
  if (!points || points.length < 2) return
  context.fillStyle = paint(colour)
  const count = points.length / 2
  for (let x = 0; x < width; x++) {
    const from = Math.floor((x * count) / width)
    const to = Math.max(from + 1, Math.floor(((x + 1) * count) / width))
    let [low, high] = [0, 0]
    for (let i = from; i < Math.min(to, count); i++) {
      low = Math.min(low, points[2 * i]!)
      high = Math.max(high, points[2 * i + 1]!)
    }
    const top = (1 - high) * (height / 2)
    context.fillRect(x, top, 1, Math.max(1, ((high - low) * height) / 2))
  }
}

/** A custom property as the canvas understands it: light-dark() is resolved by the style of an element only. */
function colours(canvas: HTMLCanvasElement): (name: string) => string {
  const before = canvas.style.color
  return (name) => {
    canvas.style.color = `var(${name})`
    const found = getComputedStyle(canvas).color
    canvas.style.color = before
    return found
  }
}

/** Runs when the theme or the window changes. Returns its own undo. */
export function onRepaint(draw: () => void): () => void {
  const dark = window.matchMedia('(prefers-color-scheme: dark)')
  const later = () => requestAnimationFrame(draw)
  dark.addEventListener('change', later)
  document.addEventListener('terjime:theme', later)
  window.addEventListener('resize', later)
  return () => {
    dark.removeEventListener('change', later)
    document.removeEventListener('terjime:theme', later)
    window.removeEventListener('resize', later)
  }
}
