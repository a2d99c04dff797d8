import { after, type TestContext } from 'node:test'
import { openStore } from '../../src/roles/management/store/open.ts'
import type { Store } from '../../src/roles/management/store/store.ts'
import type { Clock } from '../../src/upstream/clock.ts'
import { Postgres } from './postgres.ts'
import { Folder } from './process.ts'

export const engines = ['sqlite', 'postgres'] as const

/** New and empty places for stores, for the tests of one file on one engine. */
export class Places {
  readonly engine: (typeof engines)[number]
  private readonly folder = new Folder()
  private server: Promise<Postgres | null> | null = null
  private made = 0

  /** Call it where tests are declared: what it has started ends after them. */
  constructor(engine: (typeof engines)[number]) {
    this.engine = engine
    after(() => this.close())
  }

  /** Null where the engine is not on this machine: the test is skipped then. */
  async url(t: TestContext): Promise<string | null> {
    const name = `store${++this.made}`
    if (this.engine === 'sqlite') return `${this.folder.path}/${name}.db`
    const server = await this.postgres(t)
    return server === null ? null : server.database(name)
  }

  /** An empty store, which closes after the test. */
  async store(t: TestContext, clock?: Clock): Promise<Store | null> {
    const url = await this.url(t)
    return url === null ? null : opened(t, url, clock)
  }

  async postgres(t: TestContext): Promise<Postgres | null> {
    this.server ??= Postgres.start(t)
    const server = await this.server
    // Each test of them says it.
    if (server === null) this.server = null
    return server
  }

  private async close(): Promise<void> {
    await (await this.server)?.[Symbol.asyncDispose]()
    this.folder[Symbol.dispose]()
  }
}

/** Another process's view of the same store, so to speak; it closes after the test. */
export async function opened(t: TestContext, url: string, clock?: Clock): Promise<Store> {
  const store = await openStore(clock === undefined ? { url } : { url, clock })
  t.after(() => store.close())
  return store
}
