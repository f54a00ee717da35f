/** The proposal: each cue can be heard and seen at its new time before it is accepted. */
import { bindCommands } from '../shared/commands.ts'
import type { Cue } from '../shared/cues.ts'
import { Player, type FilmProps } from '../shared/player.ts'
import { FLICKS_PER_SECOND } from '../shared/time.ts'

interface Props extends FilmProps {
  readonly cues: readonly Cue[]
}

const LEAD = FLICKS_PER_SECOND / 2

export function mount(root: HTMLElement): () => void {
  const props = JSON.parse(root.querySelector('[data-props]')!.textContent!) as Props
  const ordered = [...props.cues].sort((a, b) => a.start - b.start || a.end - b.end)
  const player = new Player(root, props, () => ordered)
  root.addEventListener('click', (event) => {
    const button = (event.target as Element).closest<HTMLElement>('[data-play]')
    const cue = button && props.cues[Number(button.dataset.play)]
    if (cue) void player.playSpan(cue.start - LEAD, cue.end + LEAD)
  })
  return bindCommands(root, 'review', player.commands)
}
