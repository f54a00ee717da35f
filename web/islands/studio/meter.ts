/** How loud the microphone is: a bar with its highest mark, and a light that stays on after clipping. */
import { say } from '../shared/words.ts'
import { decibels, type Level } from './sound.ts'

const LOWEST = -60
const FALL = 0.6 // dB a step

export class Meter {
  private readonly bar: HTMLElement
  private readonly top: HTMLElement
  private readonly light: HTMLElement
  private shown = LOWEST
  private highest = LOWEST
  private asked = false
  private clipped = false

  constructor(root: HTMLElement) {
    this.bar = document.createElement('span')
    this.bar.className = 'meter-bar'
    this.top = document.createElement('span')
    this.top.className = 'meter-top'
    this.light = document.createElement('button')
    this.light.className = 'meter-light'
    ;(this.light as HTMLButtonElement).type = 'button'
    this.light.textContent = say('studioClip')
    this.light.title = say('studioClipReset')
    this.light.hidden = true
    this.light.addEventListener('click', () => this.reset())
    const scale = document.createElement('span')
    scale.className = 'meter-scale'
    scale.setAttribute('role', 'img')
    scale.setAttribute('aria-label', say('studioLevel'))
    scale.append(this.bar, this.top)
    root.replaceChildren(scale, this.light)
  }

  reset(): void {
    this.clipped = false
    this.highest = LOWEST
    this.light.hidden = true
  }

  show(level: Level): void {
    const now = Math.max(LOWEST, decibels(level.peak))
    this.shown = Math.max(now, this.shown - FALL)
    this.highest = Math.max(this.highest, now)
    this.clipped ||= level.clipped > 0
    if (this.asked) return
    this.asked = true
    requestAnimationFrame(() => {
      this.asked = false
      const share = (value: number) => `${(1 - value / LOWEST) * 100}%`
      this.bar.style.inlineSize = share(this.shown)
      this.bar.classList.toggle('is-hot', this.shown > -6)
      this.top.style.insetInlineStart = share(this.highest)
      this.light.hidden = !this.clipped
    })
  }
}
