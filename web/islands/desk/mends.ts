/** What mending would change, shown before it is taken; Enter takes what is ticked. */
import { html, nothing, render } from 'lit'
import type { Change } from '../shared/api.ts'
import { inOrder, sameCue, type Cue, type Cues } from '../shared/cues.ts'
import { markWords } from '../shared/mark-words.ts'
import type { FrameGrid } from '../shared/time.ts'
import { say, sayCount } from '../shared/words.ts'

/** The cues with the changes made; one whose cue was edited meanwhile is left out. */
export function applied(cues: Cues, changes: readonly Change[]): Cues {
  const by = new Map(changes.map((change) => [change.uid, change]))
  return inOrder(
    cues.flatMap((cue) => {
      const change = by.get(cue.uid)
      if (!change || !sameCue(cue, change.old ?? undefined)) return [cue]
      return change.new ? [change.new] : []
    }),
  )
}

export function showMends(
  changes: readonly Change[],
  conflicts: number,
  grid: FrameGrid,
  language: string,
  numberOf: (uid: string) => number,
  take: (changes: readonly Change[]) => void,
): void {
  const dialog = document.createElement('dialog')
  dialog.className = 'wide'
  dialog.setAttribute('aria-labelledby', 'mends-title')
  const several = changes.length > 1
  render(
    html`<form
      method="dialog"
      class="stack"
      @submit=${(event: SubmitEvent) => {
        const form = new FormData(event.target as HTMLFormElement)
        const chosen = new Set(form.getAll('uid'))
        take(several ? changes.filter((change) => chosen.has(change.uid)) : changes)
      }}
    >
      <h2 id="mends-title">${sayCount('mendsTitle', changes.length)}</h2>
      ${conflicts > 0 ? html`<p class="quiet">${sayCount('mendConflicts', conflicts)}</p>` : nothing}
      <ol class="plain card flush scroll" tabindex="0" aria-label=${say('mendsList')}>
        ${changes.map(
          (change) =>
            html`<li class="change">
              <label class="row">
                ${
                  several
                    ? html`<input type="checkbox" name="uid" value=${change.uid} checked />`
                    : nothing
                }
                <strong>${say('cue', { n: numberOf(change.uid) })}</strong>
              </label>
              ${difference(change.old, change.new, grid, language)}
            </li>`,
        )}
      </ol>
      <div class="row">
        <button class="primary" autofocus>${say('mendTake')}</button>
        <button type="button" class="plain" @click=${() => dialog.close()}>${say('notNow')}</button>
      </div>
    </form>`,
    dialog,
  )
  open(dialog)
}

export function open(dialog: HTMLDialogElement): void {
  const before = document.activeElement as HTMLElement | null
  dialog.addEventListener('close', () => {
    dialog.remove()
    before?.focus()
  })
  document.body.append(dialog)
  dialog.showModal()
}

function difference(old: Cue | null, now: Cue | null, grid: FrameGrid, language: string) {
  // In one piece: a cue's text keeps its line breaks, so none may come from here.
  const text = (tone: string, parts: unknown) =>
    html`<div class=${`cue-text ${tone}`} lang=${language} dir="auto">${parts}</div>`
  if (!old || !now)
    return html`${old ? text('before', html`<del>${old.text}</del>`) : nothing}
    ${now ? text('after', html`<ins>${now.text}</ins>`) : nothing}
    ${now ? nothing : html`<div class="small quiet">${say('removedHere')}</div>`}`
  const marked = markWords(old.text, now.text)
  const span = (cue: Cue) => `${grid.timecode(cue.start)} – ${grid.timecode(cue.end)}`
  const words =
    old.text === now.text
      ? text('quiet', now.text)
      : html`${text('before', [marked.head, html`<del>${shown(marked.old)}</del>`, marked.tail])}
        ${text('after', [marked.head, html`<ins>${shown(marked.now)}</ins>`, marked.tail])}`
  const moved = old.start !== now.start || old.end !== now.end
  return html`${words}
  ${
    moved
      ? html`<div class="small figures"><del>${span(old)}</del> <ins>${span(now)}</ins></div>`
      : nothing
  }`
}

/** Spaces and line breaks that change are made visible. */
function shown(text: string): string {
  return text.replace(/\n/g, ' ⏎ ').replace(/ {2,}|^ $/g, (spaces) => '␣'.repeat(spaces.length))
}
