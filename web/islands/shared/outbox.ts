/** Drafts that wait on this computer (IndexedDB), one record for each open page of each track. */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import { newUid } from './ids.ts'
import type { Store, Waiting } from './saver.ts'
import { countTakes, forgetTakes } from './takes.ts'

interface Kept extends Waiting {
  readonly page: string
  readonly person: string
  readonly track: string
  readonly at: number
}

interface Schema extends DBSchema {
  drafts: { key: string; value: Kept }
}

let opened: Promise<IDBPDatabase<Schema>> | null = null

function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>('terjime', 1, {
    upgrade: (db) => {
      db.createObjectStore('drafts', { keyPath: 'page' })
    },
  })
  return opened
}

const page = newUid()
const lockOf = (name: string) => `terjime-page-${name}`

/** Held while this page lives, so that another does not take its changes for forgotten ones. */
function holdPage(): void {
  void navigator.locks?.request(lockOf(page), () => new Promise<void>(() => {}))
}

export function draftStore(person: string, track: string): Store {
  holdPage()
  return {
    async put(waiting) {
      const db = await database()
      const write = db.transaction('drafts', 'readwrite', { durability: 'strict' })
      await write.store.put({ ...waiting, page, person, track, at: Date.now() })
      await write.done
    },
    async remove() {
      await (await database()).delete('drafts', page)
    },
  }
}

/** What a page that is no more left behind for this track, the newest; it is forgotten where it was. */
export async function leftBehind(person: string, track: string): Promise<Waiting | null> {
  const db = await database()
  const living = new Set<string | undefined>(
    (await navigator.locks?.query())?.held?.map((lock) => lock.name) ?? [],
  )
  const orphans = (await db.getAll('drafts'))
    .filter((kept) => kept.person === person && kept.track === track)
    .filter((kept) => kept.page !== page && !living.has(lockOf(kept.page)))
    .sort((a, b) => a.at - b.at)
  const newest = orphans.at(-1)
  if (!newest) return null
  // Under this page's name first, then gone from the old: a crash in between loses nothing.
  await db.put('drafts', { ...newest, page })
  await db.delete('drafts', newest.page)
  return newest
}

export async function countWaiting(): Promise<number> {
  return (await (await database()).count('drafts')) + (await countTakes())
}

export async function forgetAll(): Promise<void> {
  await (await database()).clear('drafts')
  await forgetTakes()
}
