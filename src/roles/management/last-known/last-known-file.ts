import { readFileSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import type { LoadedApplication, LoadedCredential, LoadedSubscription } from '../store/store.ts'
import type { StoredObject } from '../store/tables.ts'

/** What a gateway that cannot reach its database serves by. */
export interface LastKnown {
  readonly applications: LoadedApplication[]
  readonly credentials: LoadedCredential[]
  readonly subscriptions: LoadedSubscription[]
  readonly objects: StoredObject[]
}

/** What the first line says: what is behind it, in the form of this version. */
const FORM = 'portcullis last-known 1'
const kinds = ['applications', 'credentials', 'subscriptions', 'objects'] as const

type Kind = keyof LastKnown

/** Null where there is none, or it is not whole. Lines are `[kind, record]`; the last one says how many there are. */
export function readLastKnown(file: string, store: string): LastKnown | null {
  let lines: readonly string[]
  try {
    lines = readFileSync(file, 'utf8').split('\n')
  } catch {
    return null
  }
  const known: LastKnown = { applications: [], credentials: [], subscriptions: [], objects: [] }
  try {
    const [form, place] = JSON.parse(lines[0]!) as unknown[]
    const [end, count] = JSON.parse(lines.at(-2) ?? '[]') as unknown[]
    if (form !== FORM || place !== store || end !== 'end' || count !== lines.length - 3) return null
    for (const line of lines.slice(1, -2)) {
      const [kind, record] = JSON.parse(line) as [Kind, never]
      known[kind].push(record)
    }
    return known
  } catch {
    return null
  }
}

/** Replaces the file by one that is whole: records come in pieces, and the thread is free between two of them. */
export async function writeLastKnown(
  file: string,
  store: string,
  pieces: (take: (kind: Kind, records: readonly object[]) => Promise<void>) => Promise<void>,
): Promise<void> {
  const hidden = `${file}.new`
  const handle = await open(hidden, 'w', 0o600)
  let count = 0
  try {
    await handle.write(`${JSON.stringify([FORM, store])}\n`)
    await pieces(async (kind, records) => {
      if (!kinds.includes(kind) || records.length === 0) return
      count += records.length
      await handle.write(records.map(record => `${JSON.stringify([kind, record])}\n`).join(''))
    })
    await handle.write(`${JSON.stringify(['end', count])}\n`)
    await handle.sync()
  } catch (error) {
    await handle.close()
    await rm(hidden, { force: true })
    throw error
  }
  await handle.close()
  await rename(hidden, file)
}
