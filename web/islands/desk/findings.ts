/** The findings of the draft by severity, each one a step away; those set aside are at the end. */
import { html, nothing, render } from 'lit'
import type { Finding } from '../shared/api.ts'
import { icon } from '../shared/icon.ts'
import { say, sayCount, sayIn } from '../shared/words.ts'
import { open } from './mends.ts'

const SIGNS = { error: 'failed', warning: 'attention', hint: 'info' } as const

export interface FindingsHost {
  readonly canEdit: boolean
  readonly mayAddWords: boolean
  /** The rules' titles in the person's language, by id. */
  readonly rules: Readonly<Record<string, string>>
  /** What a finding says, in the person's language. */
  tell(finding: Finding): string
  goTo(uid: string): void
  mend(finding: Finding | null): void
  ignore(finding: Finding, reason: string): void
  heed(finding: Finding): void
  addWords(finding: Finding): void
}

export class FindingsPanel {
  private readonly root: HTMLElement
  private readonly host: FindingsHost
  private all: readonly Finding[] = []
  private active = ''

  constructor(root: HTMLElement, host: FindingsHost) {
    this.root = root
    this.host = host
  }

  show(findings: readonly Finding[], active: string): void {
    this.all = findings
    this.active = active
    if (!this.root.hidden) this.draw()
  }

  toggle(): void {
    this.root.hidden = !this.root.hidden
    if (this.root.hidden) return
    this.draw()
    const here = this.root.querySelector<HTMLElement>('[aria-current] button, li button')
    here?.focus()
  }

  private draw(): void {
    const { host } = this
    const heard = this.all.filter((finding) => !finding.ignored)
    const fixable = heard.filter((finding) => finding.fix).length
    const aside = this.all.filter((finding) => finding.ignored)
    render(
      html`<div class="row spread">
          <h2>${heard.length ? sayCount('findings', heard.length) : say('noFindings')}</h2>
          ${
            host.canEdit && fixable > 0
              ? html`<button type="button" @click=${() => host.mend(null)}>
                  ${icon('done')} ${sayCount('mendAll', fixable)}
                </button>`
              : nothing
          }
        </div>
        ${(['error', 'warning', 'hint'] as const).map((severity) =>
          this.group(
            sayIn('severities', severity),
            heard.filter((finding) => finding.severity === severity),
          ),
        )}
        ${this.group(say('setAside'), aside)}`,
      this.root,
    )
  }

  private group(title: string, findings: readonly Finding[]) {
    if (findings.length === 0) return nothing
    return html`<h3>${title} <span class="quiet">(${findings.length})</span></h3>
      <ul class="plain">
        ${findings.slice(0, 300).map((finding) => this.line(finding))}
      </ul>`
  }

  private line(finding: Finding) {
    const { host } = this
    return html`<li
      class="row is-${finding.severity}"
      aria-current=${finding.uid === this.active ? 'true' : nothing}
    >
      <button type="button" class="plain grow" @click=${() => host.goTo(finding.uid)}>
        ${icon(SIGNS[finding.severity])} <span class="figures">${finding.cue}</span>
        <span>${host.tell(finding)}</span>
        <span class="quiet small">${finding.rule} · ${host.rules[finding.rule]}</span>
        ${finding.ignored ? html`<span class="quiet">${finding.ignored}</span>` : nothing}
      </button>
      ${
        !host.canEdit
          ? nothing
          : finding.ignored
            ? html`<button type="button" class="plain" @click=${() => host.heed(finding)}>
                ${say('takeBack')}
              </button>`
            : html`${
                finding.fix
                  ? html`<button type="button" class="plain" @click=${() => host.mend(finding)}>
                      ${say('mend')}
                    </button>`
                  : nothing
              }
              ${
                finding.rule === 'M07' && host.mayAddWords
                  ? html`<button type="button" class="plain" @click=${() => host.addWords(finding)}>
                      ${say('addWord')}
                    </button>`
                  : nothing
              }
              ${
                finding.may_ignore
                  ? html`<button
                      type="button"
                      class="plain"
                      @click=${() => askReason(finding, host.tell(finding), (reason) => host.ignore(finding, reason))}
                    >
                      ${say('setAsideDo')}
                    </button>`
                  : nothing
              }`
      }
    </li>`
  }
}

/** Why a finding is right as it is. */
export function askReason(
  finding: Finding,
  message: string,
  given: (reason: string) => void,
): void {
  const dialog = document.createElement('dialog')
  dialog.setAttribute('aria-labelledby', 'aside-title')
  render(
    html`<form
      method="dialog"
      class="stack"
      @submit=${(event: SubmitEvent) => {
        const reason = new FormData(event.target as HTMLFormElement).get('reason')
        given(String(reason))
      }}
    >
      <h2 id="aside-title">${say('setAsideTitle')}</h2>
      <p>${message} <span class="quiet">${finding.rule}</span></p>
      <div class="field">
        <label for="aside-reason">${say('setAsideWhy')}</label>
        <input id="aside-reason" name="reason" required maxlength="1000" autocomplete="off" />
      </div>
      <div class="row">
        <button class="primary">${say('setAsideDo')}</button>
        <button type="button" class="plain" @click=${() => dialog.close()}>${say('notNow')}</button>
      </div>
    </form>`,
    dialog,
  )
  open(dialog)
}

/** Words that the dictionary lacks: into the project, or another word in their place. */
export function askAboutWords(
  words: readonly string[],
  language: string,
  suggest: (word: string) => Promise<readonly string[]>,
  add: (word: string) => Promise<boolean>,
  replace: (word: string, by: string) => void,
): void {
  const dialog = document.createElement('dialog')
  dialog.setAttribute('aria-labelledby', 'words-dialog-title')
  const found = new Map<string, readonly string[]>()
  const done = new Set<string>()
  const finish = (word: string) => {
    done.add(word)
    if (words.every((each) => done.has(each))) dialog.close()
    else draw()
  }
  const draw = () =>
    render(
      html`<div class="stack">
        <h2 id="words-dialog-title">${say('wordsTitle')}</h2>
        <ul class="plain stack">
          ${words
            .filter((word) => !done.has(word))
            .map(
              (word) =>
                html`<li class="stack tight">
                  <strong lang=${language}>${word}</strong>
                  <div class="row">
                    <button
                      type="button"
                      class="primary"
                      @click=${() => void add(word).then((ok) => ok && finish(word))}
                    >
                      ${say('addToProject')}
                    </button>
                    ${(found.get(word) ?? []).map(
                      (other) =>
                        html`<button
                          type="button"
                          lang=${language}
                          @click=${() => {
                            replace(word, other)
                            finish(word)
                          }}
                        >
                          ${other}
                        </button>`,
                    )}
                  </div>
                </li>`,
            )}
        </ul>
        <div class="row">
          <button type="button" class="plain" @click=${() => dialog.close()}>
            ${say('notNow')}
          </button>
        </div>
      </div>`,
      dialog,
    )
  draw()
  open(dialog)
  for (const word of words)
    void suggest(word).then((others) => {
      found.set(word, others)
      if (dialog.open) draw()
    })
}
