/** What the API returns, typed once, and the one way to ask it. */
import type { Cue, Conflict } from './cues.ts'

export interface DraftView {
  readonly etag: string
  readonly cues: readonly Cue[]
  readonly merged?: number
}

export interface Finding {
  readonly rule: string
  readonly cue: number
  readonly uid: string
  readonly severity: 'error' | 'warning' | 'hint'
  /** English; the template and the values in it beside it. */
  readonly message: string
  readonly template: string
  readonly values: Readonly<Record<string, string | number>>
  readonly fix: boolean
  /** Names this finding while its cue looks as it does. */
  readonly look: string
  /** Why somebody set it aside, or "". */
  readonly ignored: string
  readonly may_ignore: boolean
}

/** What mending would change in one cue; new is null where it would be taken out. */
export interface Change {
  readonly uid: string
  readonly kind: string
  readonly old: Cue | null
  readonly new: Cue | null
}

export interface ApiError {
  readonly code: string
  readonly message: string
  readonly where?: string
  readonly advice?: string
  /** The same in the person's language, without figures; in English there is none. */
  readonly told?: string
  readonly details?: { readonly conflicts?: readonly Conflict[]; readonly etag?: string }
}

export type Answer<T> =
  | { readonly ok: true; readonly body: T; readonly etag: string | null }
  | { readonly ok: false; readonly status: number; readonly error: ApiError }
  | { readonly ok: false; readonly status: 0; readonly error: null } // no connection

export function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? ''
}

const PATIENCE_MS = 20_000

export async function ask<T>(
  method: 'GET' | 'PUT' | 'POST',
  address: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
  patience = PATIENCE_MS,
): Promise<Answer<T>> {
  let response: Response
  let answered: unknown
  try {
    response = await fetch(address, {
      method,
      headers: {
        Accept: 'application/json',
        'X-CSRFToken': csrfToken(),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patience),
    })
    answered = response.status === 204 ? {} : await response.json()
  } catch {
    return { ok: false, status: 0, error: null }
  }
  if (response.ok) return { ok: true, body: answered as T, etag: response.headers.get('ETag') }
  const { error } = answered as { error?: ApiError }
  return {
    ok: false,
    status: response.status,
    error: error
      ? inOwnWords(error)
      : { code: `HTTP_${response.status}`, message: response.statusText },
  }
}

/** What is shown of an error: in the person's language where there are words for it. */
export function inOwnWords(error: ApiError): ApiError {
  return error.told ? { ...error, message: error.told, advice: '' } : error
}
