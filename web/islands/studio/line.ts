/** The line at hand: its text counted against its room, its speaker, its takes. */
import { html, nothing, type TemplateResult } from 'lit'
import { icon } from '../shared/icon.ts'
import type { Flicks } from '../shared/time.ts'
import { oneDecimal, say, sayCount, sayIn } from '../shared/words.ts'
import { speakersOf, takesOf, type Dub, type Line, type Take } from './dub.ts'
import { syllables, toCut } from './syllables.ts'

/** The studio, as the line at hand needs it. */
export interface Host {
  readonly dub: Dub
  readonly language: string
  readonly canEdit: boolean
  readonly busy: boolean
  readonly canUndo: boolean
  readonly canRedo: boolean
  timecode(time: Flicks): string
  textOf(line: Line): string
  typed(line: Line, text: string): void
  saveText(): void
  put(line: Line, what: object): void
  remark(take: Take, comment: string): void
  use(line: Line, take: Take): void
  play(line: Line, take: Take): void
  upload(line: Line, file: File): void
}

export function detail(host: Host, line: Line | undefined): TemplateResult {
  if (!line) return html`<p class="quiet">${say('studioNoLines')}</p>`
  const { canEdit, language } = host
  const text = host.textOf(line)
  return html`<div class="row spread">
      <h2>
        ${say('studioLine', { n: line.number })}
        <span class="quiet figures small"
          >${host.timecode(line.start)} – ${host.timecode(line.end)}</span
        >
      </h2>
      <div class="row tight">
        ${button('studio/play', 'play', say('studioOriginal'), 'Space')}
        ${button('studio/play-take', 'sound', say('studioTake'), 'T')}
        ${button('studio/preview', 'render', say('studioPreview'), 'P')}
      </div>
    </div>
    <div class="field">
      <label for="line-text">${say('text')}</label>
      <textarea
        id="line-text"
        rows="2"
        lang=${language}
        dir="auto"
        maxlength="2000"
        ?readonly=${!canEdit}
        .value=${text}
        @input=${(event: Event) => host.typed(line, (event.target as HTMLTextAreaElement).value)}
        @blur=${() => host.saveText()}
        @keydown=${(event: KeyboardEvent) => {
          if (event.key === 'Escape' || (event.key === 'Enter' && event.ctrlKey)) {
            event.preventDefault()
            event.stopPropagation()
            ;(event.target as HTMLElement).blur()
          }
        }}
      ></textarea>
      ${counts(line, text)}
    </div>
    ${
      canEdit
        ? html`<div class="row">
              <label class="small" for="line-speaker">${say('studioSpeaker')}</label>
              <input
                id="line-speaker"
                class="short"
                maxlength="120"
                list="speakers"
                .value=${line.speaker}
                @change=${(event: Event) =>
                  host.put(line, { speaker: (event.target as HTMLInputElement).value })}
              />
              <datalist id="speakers">
                ${speakersOf(host.dub).map((name) => html`<option value=${name}></option>`)}
              </datalist>
              <label class="check"
                ><input
                  type="checkbox"
                  .checked=${line.on_screen}
                  @change=${(event: Event) =>
                    host.put(line, { on_screen: (event.target as HTMLInputElement).checked })}
                />
                ${say('studioOnScreen')}</label
              >
            </div>
            <div class="row tight" role="group" aria-label=${say('studioLineTools')}>
              ${button('studio/split', 'split', say('studioSplit'), 'Alt+S')}
              ${button('studio/merge', 'merge', say('studioMerge'), 'Alt+M')}
              <span class="row tight"
                >${square('studio/undo', 'undo', say('studioUndo'), 'U', !host.canUndo)}
                ${square('studio/redo', 'redo', say('studioRedo'), 'Shift+U', !host.canRedo)}</span
              >
            </div>`
        : nothing
    }
    ${takes(host, line)} ${canEdit ? moreTakes(host, line) : nothing}`
}

function button(command: string, mark: string, label: string, key: string): TemplateResult {
  return html`<button type="button" data-command=${command}>
    ${icon(mark)}${label} <kbd>${key}</kbd>
  </button>`
}

function square(
  command: string,
  mark: string,
  label: string,
  key: string,
  disabled: boolean,
): TemplateResult {
  return html`<button
    type="button"
    class="square"
    data-command=${command}
    aria-label=${label}
    title="${label} (${key})"
    ?disabled=${disabled}
  >
    ${icon(mark)}
  </button>`
}

function counts(line: Line, text: string): TemplateResult {
  const cut = toCut(line, text)
  const unsaved = text !== line.text
  return html`<div class="hint figures row" id="line-counts" role="status">
    <span>${sayCount('studioSyllables', syllables(text))}</span>
    <span>${sayCount('studioRoom', line.room)}</span>
    ${
      cut
        ? html`<strong class="is-warning"
            >${icon('attention')} ${say('studioTooLong')}: ${sayCount('studioCut', cut)}</strong
          >`
        : nothing
    }
    ${unsaved ? html`<span class="is-warning">${say('studioUnsaved')}</span>` : nothing}
  </div>`
}

function takes(host: Host, line: Line): TemplateResult {
  const all = takesOf(host.dub, line)
  if (all.length === 0)
    return html`<p class="quiet">${say(host.canEdit ? 'studioNoTakeYet' : 'studioNoTake')}</p>`
  return html`<ol class="plain studio-takes" aria-label=${say('studioTakes')}>
    ${all.map((take, i) => oneTake(host, line, take, i + 1))}
  </ol>`
}

/** Other ways to a take than the microphone of this page. */
function moreTakes(host: Host, line: Line): TemplateResult {
  return html`<div class="row">
    <label class="button file-button"
      >${icon('upload')}${say('studioUpload')}
      <input
        type="file"
        id="take-file"
        accept=".wav,.flac,audio/wav,audio/flac"
        @change=${(event: Event) => {
          const input = event.target as HTMLInputElement
          const file = input.files?.[0]
          if (file) host.upload(line, file)
          input.value = ''
        }}
    /></label>
    <button type="button" data-command="studio/guide" ?disabled=${host.busy}>
      ${icon('sound')}${say('studioGuide')}
    </button>
  </div>`
}

function oneTake(host: Host, line: Line, take: Take, number: number): TemplateResult {
  const chosen = take.id === line.take
  const merged = take.line !== line.uid
  const findings = host.dub.recordings.find((each) => each.id === take.recording)?.findings ?? []
  const chip = (shown: unknown, mark: string, tone: string, words: string) =>
    shown ? html`<span class="state tone-${tone}">${icon(mark)}${words}</span>` : nothing
  return html`<li class="studio-take ${chosen ? 'is-chosen' : ''}">
    <button
      type="button"
      class="square"
      aria-label=${say('studioPlayTake', { n: number })}
      @click=${() => host.play(line, take)}
    >
      ${icon('play')}
    </button>
    <span class="figures">${number}</span>
    <canvas class="take-wave" data-take=${take.id} aria-hidden="true"></canvas>
    <span class="figures small">${oneDecimal(take.seconds)} s</span>
    <button
      type="button"
      aria-pressed=${chosen}
      ?disabled=${!host.canEdit || chosen || merged}
      @click=${() => host.use(line, take)}
    >
      ${chosen ? html`${icon('done')}${say('studioUsed')}` : say('studioUse')}
    </button>
    <span class="row tight studio-chips">
      ${chip(take.guide, 'info', 'draft', say('studioGuideTake'))}
      ${chip(merged, 'merge', 'draft', say('studioMergedTake'))}
      ${chip(take.stale, 'stale', 'stale', say('studioStale'))}
      ${chip(take.state === 'to_confirm', 'review', 'review', sayIn('studioStatus', 'to_confirm'))}
      ${chip(take.state === 'rejected', 'close', 'draft', say('studioRejected'))}
      ${chip(
        take.missing_samples,
        'attention',
        'changes',
        sayCount('studioMissingShort', take.missing_samples),
      )}
      ${findings.map((each) =>
        chip(true, 'attention', 'changes', sayIn('soundFindings', each.code)),
      )}
      <span class="small quiet">${take.created_by}</span>
    </span>
    ${
      host.canEdit
        ? html`<input
            class="take-comment"
            maxlength="1000"
            aria-label=${say('studioComment', { n: number })}
            placeholder=${say('studioCommentHint')}
            .value=${take.comment}
            @change=${(event: Event) => host.remark(take, (event.target as HTMLInputElement).value)}
          />`
        : html`<span class="take-comment small">${take.comment}</span>`
    }
  </li>`
}
