/** How far the dub is, and its lines to choose from. */
import { html, nothing, type TemplateResult } from 'lit'
import { icon } from '../shared/icon.ts'
import type { Flicks } from '../shared/time.ts'
import { say, sayCount, sayIn } from '../shared/words.ts'
import { FILTERS, isIn, isRecorded, progressOf, type Dub, type Filter } from './dub.ts'

const MARKS: Readonly<Record<string, readonly [string, string]>> = {
  no_text: ['todo', 'draft'],
  to_record: ['todo', 'draft'],
  to_confirm: ['review', 'review'],
  too_long: ['attention', 'changes'],
  tight: ['info', 'changes'],
  overlap: ['attention', 'changes'],
  off_sync: ['attention', 'changes'],
  ok: ['done', 'approved'],
  approved: ['lock', 'approved'],
}

export interface Listed {
  readonly dub: Dub
  readonly language: string
  readonly here: string
  readonly filter: Filter
  timecode(time: Flicks): string
  choose(filter: Filter): void
  goTo(uid: string): void
}

export function progress({ dub, filter: chosen, choose }: Listed): TemplateResult {
  const counted = progressOf(dub)
  const names: Record<Filter, number> = {
    all: dub.lines.length,
    missing: counted.missing,
    long: counted.long,
    doubtful: counted.doubtful,
  }
  return html`<div class="studio-progress">
      <progress
        max=${Math.max(1, counted.lines)}
        .value=${counted.recorded}
        aria-label=${say('studioRecorded', { n: counted.recorded, of: counted.lines })}
      ></progress>
      <span class="figures"
        >${say('studioRecorded', { n: counted.recorded, of: counted.lines })}${
          dub.isochrony === null
            ? nothing
            : html` · ${say('studioIsochrony', { n: Math.round(dub.isochrony) })}`
        }</span
      >
    </div>
    <div class="row tight" role="group" aria-label=${say('studioFilter')}>
      ${FILTERS.map(
        (filter) =>
          html`<button
            type="button"
            class="filter"
            aria-pressed=${chosen === filter}
            @click=${() => choose(filter)}
          >
            ${sayIn('studioFilters', filter)} <span class="figures">${names[filter]}</span>
          </button>`,
      )}
    </div>`
}

export function list({ dub, language, here, filter, timecode, goTo }: Listed): TemplateResult {
  const lines = dub.lines.filter((line) => isIn(filter, dub, line))
  if (lines.length === 0)
    return html`<p class="studio-empty quiet">
      ${say(dub.lines.length ? 'studioNoneHere' : 'studioNoLines')}
    </p>`
  return html`<ol class="plain">
    ${lines.map((line) => {
      const [mark, tone] = MARKS[line.status] ?? ['todo', 'draft']
      return html`<li>
        <button
          type="button"
          class="studio-line"
          aria-current=${line.uid === here ? 'true' : nothing}
          @click=${() => goTo(line.uid)}
        >
          <span class="cue-number">${line.number}</span>
          <span class="studio-when figures"
            >${timecode(line.start)}${
              line.speaker ? html` · <bdi>${line.speaker}</bdi>` : nothing
            }</span
          >
          <span class="studio-words" lang=${language} dir="auto">${line.text}</span>
          <span class="state tone-${tone}"
            >${icon(mark)}${sayIn('studioStatus', line.status)}${
              line.status === 'too_long' ? html` · ${sayCount('studioCut', line.cut)}` : nothing
            }</span
          >
          ${
            line.take !== null && !isRecorded(dub, line)
              ? html`<span class="state">${icon('info')}${say('studioGuideTake')}</span>`
              : nothing
          }
          ${
            line.stale
              ? html`<span class="state tone-stale">${icon('stale')}${say('studioStale')}</span>`
              : nothing
          }
        </button>
      </li>`
    })}
  </ol>`
}
