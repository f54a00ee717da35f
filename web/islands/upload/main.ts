/** Uploading a film by tus: it can be paused, cut or closed, and goes on where it stopped. */
import { html, nothing, render } from 'lit'
import { Upload, type PreviousUpload } from 'tus-js-client'
import { csrfToken, inOwnWords, type ApiError } from '../shared/api.ts'
import { icon } from '../shared/icon.ts'
import { say, saySize, saySpan } from '../shared/words.ts'

const CHUNK = 512 * 1024
const RETRIES = [0, 1000, 3000, 5000, 10_000, 20_000, 30_000, 30_000, 60_000, 60_000]
const RATE_OVER_MS = 10_000

type Phase = 'idle' | 'running' | 'waiting' | 'paused' | 'done' | 'refused'

export function mount(root: HTMLElement): void {
  new FilmUpload(root)
}

class FilmUpload {
  private readonly root: HTMLElement
  private readonly input: HTMLInputElement
  private readonly box = document.createElement('div')
  private upload: Upload | null = null
  private phase: Phase = 'idle'
  private safe = 0
  private all = 0
  private told = ''
  private begun = false
  private marks: { at: number; safe: number }[] = []

  constructor(root: HTMLElement) {
    this.root = root
    this.input = root.querySelector('input[type="file"]')!
    this.box.className = 'stack'
    this.box.setAttribute('role', 'status')
    root.append(this.box)
    this.input.addEventListener('change', () => {
      const file = this.input.files?.[0]
      if (file) void this.start(file)
    })
    for (const name of ['dragover', 'dragleave', 'drop'] as const)
      root.addEventListener(name, (event) => this.drag(event))
  }

  private drag(event: DragEvent): void {
    event.preventDefault()
    this.root.classList.toggle('over', event.type === 'dragover')
    const file = event.type === 'drop' ? event.dataTransfer?.files[0] : undefined
    if (file && this.phase === 'idle') void this.start(file)
  }

  private async start(file: File): Promise<void> {
    this.all = file.size
    this.input.disabled = true
    const upload = new Upload(file, {
      endpoint: this.root.dataset.endpoint!,
      chunkSize: CHUNK,
      retryDelays: RETRIES,
      metadata: {
        filename: file.name,
        filetype: file.type,
        ...(JSON.parse(this.root.dataset.metadata ?? '{}') as Record<string, string>),
      },
      removeFingerprintOnSuccess: true,
      fingerprint: (chosen) =>
        Promise.resolve(
          [
            'terjime',
            this.root.dataset.project,
            this.root.dataset.metadata,
            (chosen as File).name,
            (chosen as File).size,
            (chosen as File).lastModified,
          ].join('/'),
        ),
      headers: { Accept: 'application/json' },
      onBeforeRequest: (request) => request.setHeader('X-CSRFToken', csrfToken()),
      onChunkComplete: (_, accepted) => this.onSafe(accepted),
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0
        const again = status === 0 || status === 409 || status === 423 || status >= 500
        if (again) this.set('waiting')
        return again
      },
      onSuccess: () => this.onDone(),
      onError: (error) => this.onError(error),
    })
    this.upload = upload
    const earlier: PreviousUpload[] = await upload.findPreviousUploads()
    if (earlier[0]) {
      this.begun = true
      upload.resumeFromPreviousUpload(earlier[0])
    }
    this.go()
  }

  private go(): void {
    this.marks = []
    this.set('running')
    this.upload?.start()
  }

  private pause(): void {
    void this.upload?.abort()
    this.set('paused')
  }

  private drop(): void {
    void this.upload?.abort(true)
    this.upload = null
    this.input.value = ''
    this.input.disabled = false
    this.safe = 0
    this.set('idle')
  }

  private onSafe(bytes: number): void {
    this.safe = bytes
    const now = Date.now()
    this.marks = [
      ...this.marks.filter((mark) => mark.at > now - RATE_OVER_MS),
      { at: now, safe: bytes },
    ]
    this.set('running')
  }

  private onDone(): void {
    this.set('done')
    location.reload()
  }

  private onError(
    error: Error & { originalResponse?: { getBody(): string; getStatus(): number } | null },
  ): void {
    if (!error.originalResponse) {
      // The connection stayed away longer than all tries: it goes on when it is back.
      this.set('waiting')
      addEventListener('online', () => this.go(), { once: true })
      return
    }
    this.told = say('uploadRefused')
    try {
      const body = JSON.parse(error.originalResponse.getBody()) as {
        error?: ApiError
      }
      if (body.error) {
        const { message, advice, code } = inOwnWords(body.error)
        this.told = `${message} ${advice ?? ''} ${code}`
      }
    } catch {
      this.told += ` ${error.originalResponse.getStatus()}`
    }
    this.input.disabled = false
    this.input.value = ''
    this.set('refused')
  }

  private set(phase: Phase): void {
    this.phase = phase
    this.draw()
  }

  /** Bytes a second over the last ten seconds of safe bytes. */
  private rate(): number | null {
    const [first, last] = [this.marks[0], this.marks.at(-1)]
    if (!first || !last || last.at - first.at < 1000) return null
    return ((last.safe - first.safe) * 1000) / (last.at - first.at)
  }

  private draw(): void {
    const { phase } = this
    const rate = phase === 'running' ? this.rate() : null
    const button = (word: string, mark: string, run: () => void) =>
      html`<button type="button" @click=${run}>${icon(mark)}${word}</button>`
    render(
      phase === 'idle'
        ? nothing
        : html`${
              phase === 'refused'
                ? html`<div class="note tone-failed" role="alert">
                    ${icon('failed')}<strong>${this.told}</strong>
                  </div>`
                : html`<progress
                      max="1000"
                      .value=${this.all ? Math.floor((this.safe * 1000) / this.all) : 0}
                      aria-label=${say('uploadStart')}
                    ></progress>
                    <span class="figures"
                      >${say('uploadSafe', { done: saySize(this.safe), all: saySize(this.all) })}
                      ${
                        rate
                          ? say('uploadRate', {
                              rate: saySize(rate),
                              left: saySpan((this.all - this.safe) / rate),
                            })
                          : nothing
                      }</span
                    >`
            }
            ${this.begun && phase === 'running' ? html`<p>${say('uploadFound')}</p>` : nothing}
            ${phase === 'waiting' ? html`<p>${say('uploadWaiting')}</p>` : nothing}
            ${phase === 'paused' ? html`<p>${say('uploadPaused')}</p>` : nothing}
            ${phase === 'done' ? html`<p>${say('uploadDone')}</p>` : nothing}
            <div class="row">
              ${
                phase === 'running' || phase === 'waiting'
                  ? button(say('uploadPause'), 'pause', () => this.pause())
                  : nothing
              }
              ${phase === 'paused' ? button(say('uploadResume'), 'play', () => this.go()) : nothing}
              ${
                phase === 'paused' || phase === 'waiting'
                  ? button(say('uploadDrop'), 'trash', () => this.drop())
                  : nothing
              }
            </div>`,
      this.box,
    )
  }
}
