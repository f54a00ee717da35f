/**
 * The proposal: each cue can be heard and seen at its new time before it is accepted; segments are gone through and
 * decided on from the keyboard. The buttons are the page's own and work without this.
 */
import { bindCommands } from '../shared/commands.ts'
import type { Cue } from '../shared/cues.ts'
import { Player, type FilmProps } from '../shared/player.ts'
import { FLICKS_PER_SECOND } from '../shared/time.ts'
import { drawWaveBehind } from './wave.ts'

interface Props extends FilmProps {
  readonly cues: readonly Cue[]
  readonly peaks: string | null
}

const LEAD = FLICKS_PER_SECOND / 2

export function mount(root: HTMLElement): () => void {
  const props = JSON.parse(root.querySelector('[data-props]')!.textContent!) as Props
  const ordered = [...props.cues].sort((a, b) => a.start - b.start || a.end - b.end)
  const player = new Player(root, props, () => ordered)
  const segments = [...root.querySelectorAll<HTMLElement>('[data-segment]')]
  const joins = root.querySelectorAll('[data-join]')
  let here = -1

  const show = (index: number) => {
    here = Math.max(0, Math.min(index, segments.length - 1))
    segments.forEach((row, i) => {
      if (i === here) row.setAttribute('aria-current', 'true')
      else row.removeAttribute('aria-current')
      joins[i]?.classList.toggle('is-here', i === here)
    })
  }
  const goTo = (index: number) => {
    show(index)
    const row = segments[here]
    row?.focus({ preventScroll: true })
    row?.scrollIntoView({ block: 'nearest' })
    if (row) void player.seekTime(Number(row.dataset.from))
  }
  const press = (selector: string, within: ParentNode = root) =>
    within.querySelector<HTMLButtonElement>(selector)?.click()
  const decide = (verdict: string) => {
    const row = segments[here]
    if (row) press(`button[value^="${verdict}:"]`, row)
  }

  const clicked = (event: Event) => {
    const target = event.target as Element
    const cue = props.cues[Number(target.closest<HTMLElement>('[data-play]')?.dataset.play)]
    if (cue) void player.playSpan(cue.start - LEAD, cue.end + LEAD)
    const row = target.closest<HTMLElement>('[data-segment]')
    if (row && !target.closest('button')) goTo(segments.indexOf(row))
  }
  root.addEventListener('click', clicked)
  const named = segments.findIndex((row) => `#${row.id}` === location.hash)
  const open = segments.findIndex((row) => row.querySelector('button[value^="accept:"]'))
  if (segments.length) show(named >= 0 ? named : open)
  const canvas = root.querySelector<HTMLCanvasElement>('[data-part="lanes-wave"]')
  const unwave = canvas && props.peaks ? drawWaveBehind(canvas, props.peaks) : () => undefined
  const unbind = bindCommands(root, 'proposal', {
    ...player.commands,
    'proposal/next': () => goTo(here + 1),
    'proposal/previous': () => goTo(here - 1),
    'proposal/accept': () => decide('accept'),
    'proposal/reject': () => decide('reject'),
    'proposal/undo': () => press('form[action$="/undo"] button:not(:disabled)'),
  })
  return () => {
    root.removeEventListener('click', clicked)
    unwave()
    unbind()
  }
}
