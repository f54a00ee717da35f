/** The film's sound behind the lower lane, on the scale of the lanes. */
import { pointAt, readPeaks, type Peaks } from '../shared/peaks.ts'

/** data-low and data-high of the canvas: flicks at its edges. Returns its own undo. */
export function drawWaveBehind(canvas: HTMLCanvasElement, address: string): () => void {
  const stop = new AbortController()
  let peaks: Peaks | null = null
  const draw = () => peaks && drawPeaks(canvas, peaks)
  const watcher = new ResizeObserver(draw)
  watcher.observe(canvas)
  fetch(address, { signal: stop.signal })
    .then(async (answer) => {
      if (!answer.ok) return
      peaks = readPeaks(await answer.arrayBuffer())
      draw()
    })
    .catch(() => undefined) // the lanes say all that must be known
  return () => {
    stop.abort()
    watcher.disconnect()
  }
}

function drawPeaks(canvas: HTMLCanvasElement, peaks: Peaks): void {
  const { clientWidth: width, clientHeight: height } = canvas
  const dense = window.devicePixelRatio || 1
  canvas.width = Math.round(width * dense)
  canvas.height = Math.round(height * dense)
  const context = canvas.getContext('2d')
  if (!context) return
  context.scale(dense, dense)
  context.fillStyle = getComputedStyle(canvas).getPropertyValue('--wave')
  const low = Number(canvas.dataset.low)
  const perPixel = (Number(canvas.dataset.high) - low) / Math.max(1, width)
  const middle = height * 0.85 // of the lower lane
  const half = height * 0.14
  for (let x = 0; x < width; x++) {
    const from = pointAt(peaks, low + x * perPixel)
    const to = Math.max(from + 1, pointAt(peaks, low + (x + 1) * perPixel))
    if (to <= 0 || from >= peaks.length) continue
    const [quiet, loud] = peaks.range(from, to)
    context.fillRect(x, middle - loud * half, 1, Math.max(1, (loud - quiet) * half))
  }
}
