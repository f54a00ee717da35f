/** "What is this file?": its fingerprint and its tag are worked out here; the file stays on this computer. */
import { html, nothing, render } from 'lit'
import { icon } from '../shared/icon.ts'
import { say, saySize, saySpan } from '../shared/words.ts'
import { tagOf } from './tag.ts'

type Said = { done?: number; sha256?: string; error?: string }

export function mount(root: HTMLElement): void {
  new Identify(root)
}

class Identify {
  private readonly root: HTMLElement
  private readonly input: HTMLInputElement
  private readonly box: HTMLElement
  private worker: Worker | null = null
  private begun = 0

  constructor(root: HTMLElement) {
    this.root = root
    this.input = root.querySelector('input[type="file"]')!
    this.box = root.querySelector('[data-part="progress"]')!
    this.input.addEventListener('change', () => this.look(this.input.files?.[0]))
    for (const name of ['dragover', 'dragleave', 'drop'] as const)
      root.addEventListener(name, (event) => {
        event.preventDefault()
        root.classList.toggle('over', event.type === 'dragover')
        if (event.type === 'drop') this.look(event.dataTransfer?.files[0])
      })
  }

  private look(file: File | undefined): void {
    if (!file) return
    this.stop()
    this.begun = performance.now()
    this.show(file, 0)
    const tag = tagOf(file).catch(() => '')
    this.worker = new Worker(new URL('./hash.worker.ts', import.meta.url), { type: 'module' })
    this.worker.onerror = () => this.say(say('identifyUnread', { name: file.name }))
    this.worker.onmessage = async (event: MessageEvent<Said>) => {
      const said = event.data
      if (said.done !== undefined) this.show(file, said.done)
      if (said.error) this.say(say('identifyUnread', { name: file.name }))
      if (said.sha256) {
        this.stop()
        await this.ask(said.sha256, await tag)
      }
    }
    this.worker.postMessage(file)
  }

  /** The server's answer takes the place of the last one; the address can be sent to somebody. */
  private async ask(sha256: string, tag: string): Promise<void> {
    const query = new URLSearchParams({ hash: sha256, ...(tag && { tag }) })
    try {
      const answer = await fetch(`${this.root.dataset.address}?${query}&piece=answer`)
      if (!answer.ok) throw new Error(String(answer.status))
      document.getElementById('identified')!.innerHTML = await answer.text()
      history.replaceState(null, '', `?${query}`)
      this.say('')
    } catch {
      this.say(say('identifyUnasked', { hash: sha256 }))
    }
  }

  private stop(): void {
    this.worker?.terminate()
    this.worker = null
  }

  private show(file: File, done: number): void {
    const spent = (performance.now() - this.begun) / 1000
    const left = done ? Math.ceil((spent * (file.size - done)) / done) : 0
    render(
      html`<div class="row">
          <bdi>${file.name}</bdi>
          <span class="figures"
            >${say('identifyDone', { done: saySize(done), all: saySize(file.size) })}</span
          >
          ${spent > 2 && left > 1 ? html`<span class="quiet">${saySpan(left)}</span>` : nothing}
          <button type="button" @click=${() => this.cancel()}>
            ${icon('close')}${say('identifyStop')}
          </button>
        </div>
        <progress
          max=${file.size || 1}
          .value=${done}
          aria-label=${say('identifying')}
        ></progress>`,
      this.box,
    )
  }

  private cancel(): void {
    this.stop()
    this.input.value = ''
    this.say('')
  }

  private say(text: string): void {
    render(text ? html`<p>${text}</p>` : nothing, this.box)
  }
}
