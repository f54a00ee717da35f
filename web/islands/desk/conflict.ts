/** Both texts of each cue that two people changed, and a choice for each. Nothing is chosen beforehand. */
import { html, render } from 'lit'
import type { Conflict, Cue } from '../shared/cues.ts'
import type { FrameGrid } from '../shared/time.ts'
import { say } from '../shared/words.ts'

type Choices = ReadonlyMap<string, 'mine' | 'theirs'>

let open: HTMLDialogElement | null = null

export function askAboutConflicts(
  conflicts: readonly Conflict[],
  grid: FrameGrid,
  language: string,
  numberOf: (uid: string) => number,
  chosen: (choices: Choices) => void,
): void {
  if (open) return
  const dialog = document.createElement('dialog')
  dialog.className = 'wide'
  dialog.setAttribute('aria-labelledby', 'conflict-title')
  open = dialog
  const side = (conflict: Conflict, which: 'mine' | 'theirs') => {
    const cue = conflict[which]
    return html`<label>
      <span class="what"
        ><input type="radio" name=${conflict.uid} value=${which} required /> ${say(which)}</span
      >
      ${cue ? shown(cue, grid, language) : html`<span class="quiet">${say('removedHere')}</span>`}
    </label>`
  }
  render(
    html`<form
      method="dialog"
      class="stack"
      @submit=${(event: SubmitEvent) => {
        const form = new FormData(event.target as HTMLFormElement)
        chosen(new Map(conflicts.map(({ uid }) => [uid, form.get(uid) as 'mine' | 'theirs'])))
      }}
    >
      <h2 id="conflict-title">${say('conflictTitle')}</h2>
      <p>${say('conflictText')}</p>
      ${conflicts.map(
        (conflict) =>
          html`<fieldset class="conflict">
            <h3>${say('cue', { n: numberOf(conflict.uid) || '–' })}</h3>
            ${side(conflict, 'theirs')} ${side(conflict, 'mine')}
          </fieldset>`,
      )}
      <div class="row">
        <button class="primary">${say('useChosen')}</button>
        <button type="button" class="plain" @click=${() => dialog.close()}>${say('later')}</button>
      </div>
    </form>`,
    dialog,
  )
  dialog.addEventListener('close', () => {
    dialog.remove()
    open = null
  })
  document.body.append(dialog)
  dialog.showModal()
}

function shown(cue: Cue, grid: FrameGrid, language: string) {
  return html`<span class="figures quiet small"
      >${grid.timecode(cue.start)} – ${grid.timecode(cue.end)}</span
    >
    <div class="cue-text" lang=${language} dir="auto">${cue.text}</div>`
}
