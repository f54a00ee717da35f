/** The divider between picture and cues: dragged or moved by arrow keys, and remembered. */
const KEPT = 'terjime.desk.split'
const [LEAST, MOST] = [20, 70]

export function divide(root: HTMLElement, divider: HTMLElement): void {
  const set = (percent: number) => {
    const width = Math.round(Math.max(LEAST, Math.min(MOST, percent)))
    root.style.setProperty('--split', `${width}%`)
    divider.setAttribute('aria-valuenow', String(width))
    return width
  }
  const keep = (percent: number) => localStorage.setItem(KEPT, String(set(percent)))
  const kept = Number(localStorage.getItem(KEPT))
  if (kept) set(kept)
  const share = (event: PointerEvent) => {
    const box = root.getBoundingClientRect()
    return ((event.clientX - box.left) / box.width) * 100
  }
  divider.addEventListener('pointerdown', (event) => divider.setPointerCapture(event.pointerId))
  divider.addEventListener('pointermove', (event) => {
    if (divider.hasPointerCapture(event.pointerId)) set(share(event))
  })
  divider.addEventListener('pointerup', (event) => keep(share(event)))
  divider.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -2, ArrowRight: 2 }[event.key]
    if (!step) return
    event.preventDefault()
    keep(Number(divider.getAttribute('aria-valuenow')) + step)
  })
}
