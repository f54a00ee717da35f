/** What the studio says: work at hand, what was refused and why, takes that wait on this computer. */
import { html, nothing, type TemplateResult } from 'lit'
import { inOwnWords, type ApiError } from '../shared/api.ts'
import { icon } from '../shared/icon.ts'
import type { TakeSender, WaitingTake } from '../shared/takes.ts'
import { say, sayCount, sayIn } from '../shared/words.ts'

export interface Told {
  readonly text: string
  readonly tone: string
}

/** What happened, what was kept, what to do. Of failed work the page has the person's own words. */
export function refusal(error: ApiError | null): string {
  if (!error) return say('offline')
  const known = sayIn('errors', error.code)
  const { message, advice } = inOwnWords(known === error.code ? error : { ...error, told: known })
  return `${message} ${advice ?? ''}`.trim() + ` ${error.code}`
}

export function messages(
  busy: string,
  told: Told | null,
  sender: TakeSender | null,
): TemplateResult {
  const waiting = sender?.waiting ?? []
  const refused = waiting.filter((take) => sender?.refused.has(take.id))
  const open = waiting.length - refused.length
  return html`${
    busy
      ? html`<div class="note">
          ${icon('running')}
          <div>${busy}</div>
        </div>`
      : nothing
  }
  ${
    told
      ? html`<div class="note tone-${told.tone}">
          ${icon(told.tone === 'approved' ? 'done' : 'attention')}
          <div>${told.text}</div>
        </div>`
      : nothing
  }
  ${
    open
      ? html`<div class="note tone-changes">
          ${icon(sender?.offline ? 'attention' : 'upload')}
          <div>
            ${sayCount('studioTakesWaiting', open)}
            ${say(sender?.offline ? 'studioTryAgain' : 'studioSending')}
          </div>
        </div>`
      : nothing
  }
  ${refused.map(
    (take) =>
      html`<div class="note tone-failed">
        ${icon('failed')}
        <div>
          ${say('studioTakeRefused', { n: take.number })}
          ${refusal(sender?.refused.get(take.id) ?? null)}
        </div>
        <div class="row">
          <button type="button" @click=${() => saveFile(take)}>
            ${icon('download')}${say('studioSaveFile')}
          </button>
          <button type="button" @click=${() => void sender?.drop(take.id)}>
            ${icon('trash')}${say('uploadDrop')}
          </button>
        </div>
      </div>`,
  )}`
}

function saveFile(take: WaitingTake): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([take.wav], { type: 'audio/wav' }))
  link.download = take.name ?? `line-${take.number}.wav`
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
