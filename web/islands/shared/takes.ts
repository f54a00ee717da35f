/** Takes that wait on this computer (IndexedDB) until the server has them. A network that is gone loses none. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import { csrfToken, type ApiError } from './api.ts'

export interface WaitingTake {
  readonly id: string
  readonly person: string
  readonly track: string
  readonly line: string
  readonly number: number
  readonly wav: ArrayBuffer
  /** Of a file that was chosen. */
  readonly name?: string
  /** Samples of the file in which the take begins and ends, null: all of it; what was taken off; what fell out. */
  readonly start: number | null
  readonly end: number | null
  readonly latency: number
  readonly missing: number
  readonly at: number
}

interface Schema extends DBSchema {
  takes: { key: string; value: WaitingTake }
}

let opened: Promise<IDBPDatabase<Schema>> | null = null

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>('terjime-takes', 1, {
    upgrade: (db) => {
      db.createObjectStore('takes', { keyPath: 'id' })
    },
  })
  return opened
}

export async function keepTake(take: WaitingTake): Promise<void> {
  const write = (await database()).transaction('takes', 'readwrite', { durability: 'strict' })
  await write.store.put(take)
  await write.done
}

export async function countTakes(): Promise<number> {
  return (await database()).count('takes')
}

export async function forgetTakes(): Promise<void> {
  await (await database()).clear('takes')
}

export interface SentTake {
  readonly recording: string
  readonly take: string
  readonly etag: string
}

const WAITS_MS = [1000, 2000, 5000, 10_000, 30_000]

/** Sends what waits for one track, the oldest first, and tells how far it is. */
export class TakeSender {
  waiting: readonly WaitingTake[] = []
  /** Why the server does not take the take, by its id. It stays here until a person drops it. */
  readonly refused = new Map<string, ApiError>()
  offline = false
  private readonly person: string
  private readonly track: string
  private readonly address: string
  private readonly told: (sent: SentTake | null, take: WaitingTake | null) => void
  private running = false
  private tries = 0
  private timer = 0
  private ended = false

  /** told    after each step, with the take that the server has now, or null */
  constructor(
    person: string,
    track: string,
    address: string,
    told: (sent: SentTake | null, take: WaitingTake | null) => void,
  ) {
    this.person = person
    this.track = track
    this.address = address
    this.told = told
    addEventListener('online', this.again)
    void this.send()
  }

  end(): void {
    this.ended = true
    clearTimeout(this.timer)
    removeEventListener('online', this.again)
  }

  private readonly again = () => {
    this.tries = 0
    void this.send()
  }

  async add(take: WaitingTake): Promise<void> {
    await keepTake(take)
    await this.send()
  }

  async drop(id: string): Promise<void> {
    await (await database()).delete('takes', id)
    this.refused.delete(id)
    await this.read()
    this.told(null, null)
  }

  /** One page at a time sends, so that two tabs do not send the same take. */
  async send(): Promise<void> {
    if (this.running || this.ended) return
    this.running = true
    clearTimeout(this.timer)
    const work = () => this.sendAll()
    try {
      if (navigator.locks) await navigator.locks.request(`terjime-takes-${this.track}`, work)
      else await work()
    } finally {
      this.running = false
    }
    const open = this.waiting.some((take) => !this.refused.has(take.id))
    if (open && !this.ended) {
      const wait = WAITS_MS[Math.min(this.tries++, WAITS_MS.length - 1)]
      this.timer = window.setTimeout(() => void this.send(), wait)
    }
  }

  private async read(): Promise<void> {
    this.waiting = (await (await database()).getAll('takes'))
      .filter((take) => take.person === this.person && take.track === this.track)
      .sort((a, b) => a.at - b.at)
  }

  private async sendAll(): Promise<void> {
    await this.read()
    this.told(null, null)
    for (const take of this.waiting) {
      if (this.refused.has(take.id)) continue
      const sent = await this.post(take)
      this.offline = sent === 'offline'
      if (sent === 'offline') break
      if ('code' in sent) {
        this.refused.set(take.id, sent)
        continue
      }
      this.tries = 0
      await (await database()).delete('takes', take.id)
      await this.read()
      this.told(sent, take)
    }
    await this.read()
    this.told(null, null)
  }

  private async post(take: WaitingTake): Promise<SentTake | ApiError | 'offline'> {
    const query = new URLSearchParams({
      kind: 'line',
      line: take.line,
      name: take.name ?? `line-${take.number}.wav`,
      latency: String(take.latency),
      missing: String(take.missing),
    })
    if (take.start !== null) query.set('start', String(take.start))
    if (take.end !== null) query.set('end', String(take.end))
    let response: Response
    try {
      response = await fetch(`${this.address}?${query}`, {
        method: 'POST',
        headers: {
          Accept: 'application/json',
          'Content-Type': 'audio/wav',
          'X-CSRFToken': csrfToken(),
        },
        body: take.wav,
      })
      if (response.ok) return (await response.json()) as SentTake
      // Signed out, busy or broken: it is tried again. Only what the server understood and refused stays.
      if (response.status === 401 || response.status === 429 || response.status >= 500)
        return 'offline'
      const { error } = (await response.json()) as { error?: ApiError }
      return error ?? { code: `HTTP_${response.status}`, message: response.statusText }
    } catch {
      return 'offline'
    }
  }
}
