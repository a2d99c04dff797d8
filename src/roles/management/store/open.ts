import { systemClock, type Clock } from '../../../upstream/clock.ts'
import { storeOn } from './database-store.ts'
import type { Engine } from './engine.ts'
import { StoreError } from './errors.ts'
import { headOf } from './feed.ts'
import { migrate } from './migrations.ts'
import type { Store } from './store.ts'

export interface OpenOptions {
  /** A file's path, `sqlite:PATH`, `postgres://…` or `postgresql://…`. */
  readonly url: string
  /** `now` in milliseconds since 1970. */
  readonly clock?: Clock
}

const calendar: Clock = { ...systemClock, now: () => Date.now() }

/** Opens a store, makes it where there is none, and brings its tables to what this version needs. */
export async function openStore({ url, clock = calendar }: OpenOptions): Promise<Store> {
  const engine = await engineOf(url)
  try {
    await migrate(engine)
    return storeOn(engine, clock, (await headOf(engine.reader)).store)
  } catch (error) {
    await engine.close()
    throw error
  }
}

async function engineOf(url: string): Promise<Engine> {
  if (/^postgres(ql)?:/.test(url)) {
    const { PostgresEngine } = await import('./postgres/engine.ts')
    return new PostgresEngine(url)
  }
  const path = url.replace(/^sqlite:/, '')
  if (path === '' || path.includes('://'))
    throw new StoreError(
      'invalid',
      `"${path}" is no store: a path or postgres://USER@HOST/DATABASE is expected`,
    )
  const { SqliteEngine } = await import('./sqlite/engine.ts')
  return new SqliteEngine(path)
}
