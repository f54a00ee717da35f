/** An icon of the sprite that pages use too. */
import { html, svg, type TemplateResult } from 'lit'

const SPRITE = '/static/icons.svg'

export function icon(name: string): TemplateResult {
  return html`<svg class="icon" aria-hidden="true" focusable="false">
    ${svg`<use href=${`${SPRITE}#${name}`}></use>`}
  </svg>`
}
