import { setTimeout as delay } from 'node:timers/promises'
import { fieldOf } from '../model/words.ts'
import { Backoff, type BackoffOptions } from './backoff.ts'
import { ApiError, type ApiClient } from './client.ts'
import { pathOf, selectionOf, type Collection } from './collection.ts'
import type { Presence } from './discovery.ts'

/** What is told of a collection, in the order in which the server says it. */
export interface Sink {
  /** An object as it is now; the answer is its key. Throws for what is no object of the kind. */
  put(object: unknown): string
  remove(object: unknown): void
  /** A list is over: of this collection there is nothing but these. */
  retain(keys: ReadonlySet<string>): void
  /** What there is to know of the way to it; `error` where that is bad. */
  state(now: ReflectorState, error: Error | null): void
  /** The server has said something of the collection, as only one that works can. */
  heard(): void
  /** The server has had no such kind for a while; told again for as long as it has none. */
  gone(): void
}

/** How a server has the kind, as far as it says so itself; rejects where it does not. */
export type AskPresence = () => Promise<Presence>

/**
 * `synced`: listed at least once, and followed. `missing`: the server has no such kind. `forbidden`: it has, and we may
 * not see it. `elsewhere`: it has, by versions that are not known here, and may protect by them. `failing`: nothing of it
 * could be found out, or what is known grows old.
 */
export type ReflectorState = 'synced' | 'missing' | 'forbidden' | 'elsewhere' | 'failing'

export interface ReflectorTimes {
  readonly backoff: BackoffOptions
  /** How long a watch may say nothing: bookmarks come every minute. */
  readonly silenceMs: number
  /** How often a kind that is missing, or must not be seen, is looked for. */
  readonly absentMs: number
}

export const REFLECTOR_TIMES: ReflectorTimes = {
  backoff: { firstMs: 200, mostMs: 30_000 },
  silenceMs: 150_000,
  absentMs: 5_000,
}

/** Objects of a page: as many as client-go asks for. */
const PAGE = 500
/** A watch that stood as long has been a good one. */
const GOOD_MS = 10_000
/** The server ends watches after this time, and half of it more by chance, so that they spread over its replicas. */
const WATCH_S = 300
/** What cannot be read may be one event; as many times in a row the list is read anew. */
const MOST_UNREADABLE = 3

/** A definition that is being changed is not served for a moment: what it protects is not to be open meanwhile. */
const MOST_MISSED = 3

/** What came on a watch and is no event. */
class Unreadable extends Error {}

/**
 * Follows one collection for as long as it is open: a list in pages, then watches from the version of that list on. What
 * breaks a watch is followed by another one from the last version that was seen; only where the server has forgotten that
 * version (410) all is listed again, and what is missing there was deleted meanwhile.
 */
export class Reflector {
  private readonly client: ApiClient
  private readonly collection: Collection
  private readonly sink: Sink
  private readonly presence: AskPresence
  private readonly times: ReflectorTimes
  private readonly closing = new AbortController()
  private readonly backoff: Backoff
  /** Ends what is under way, so that the next turn begins. */
  private turn = new AbortController()
  private waiting: AbortController | null = null
  /** From which on changes are to be told; null: list first. */
  private version: string | null = null
  /** Of those that the kind has, which the server served last. */
  private apiIndex = 0
  private unreadable = 0
  private missed = 0

  constructor(
    client: ApiClient,
    collection: Collection,
    sink: Sink,
    presence: AskPresence,
    times = REFLECTOR_TIMES,
  ) {
    this.client = client
    this.collection = collection
    this.sink = sink
    this.presence = presence
    this.times = times
    this.backoff = new Backoff(times.backoff)
  }

  /** Resolves once it is closed. */
  async run(): Promise<void> {
    const { signal } = this.closing
    while (!signal.aborted) {
      this.turn = new AbortController()
      try {
        await this.once(AbortSignal.any([signal, this.turn.signal]))
      } catch (error) {
        if (!this.turn.signal.aborted) await this.failed(error as Error)
      }
    }
  }

  close(): void {
    this.closing.abort()
  }

  /** Everything is listed again. */
  relist(): void {
    this.version = null
    this.turn.abort()
  }

  /** Where it waits after a failure, it tries again now: the server is there for others. */
  hasten(): void {
    this.waiting?.abort()
  }

  /** The version of the API by which the server has this kind. */
  get apiVersion(): string {
    return this.collection.kind.versions[this.apiIndex]!
  }

  private async once(signal: AbortSignal): Promise<void> {
    if (this.version === null) {
      this.version = await this.list(signal)
      this.missed = 0
      this.sink.state('synced', null)
      this.sink.heard()
    }
    const beganMs = performance.now()
    await this.watch(signal)
    if (performance.now() - beganMs >= GOOD_MS) this.backoff.reset()
    // Servers that end each watch at once are not to be asked in a loop.
    else await this.pause(this.backoff.next())
  }

  private async failed(error: Error): Promise<void> {
    if (this.closing.signal.aborted) return
    const { code } = error instanceof ApiError ? error : { code: 0 }
    if (code === 404) return this.notFound(error)
    if (code === 403) return this.forbidden(error)
    if (code === 410 || (error instanceof Unreadable && ++this.unreadable >= MOST_UNREADABLE)) {
      this.version = null
      this.unreadable = 0
    }
    await this.fails(error)
  }

  private async fails(error: Error): Promise<void> {
    const { code, retryAfterMs } = error instanceof ApiError ? error : { code: 0, retryAfterMs: 0 }
    // That a version is forgotten is no failure of the server's.
    if (code !== 410) this.sink.state('failing', error)
    await this.pause(Math.max(retryAfterMs, this.backoff.next()))
  }

  private async forbidden(error: Error): Promise<void> {
    this.nextVersion()
    await this.isAbsent('forbidden', error)
  }

  /** Each of the versions of the kind is asked for, and then the server for what it has, before it is missing. */
  private async notFound(error: Error): Promise<void> {
    this.nextVersion()
    if (this.apiIndex !== 0) return
    let presence: Presence
    try {
      presence = await this.presence()
    } catch (unknown) {
      return this.fails(unknown as Error)
    }
    if (presence === 'served') return this.fails(error)
    if (presence === 'elsewhere') {
      const known = this.collection.kind.versions.join(' or ')
      return this.isAbsent('elsewhere', new Error(`the server has it, and not as ${known}`))
    }
    if (++this.missed >= MOST_MISSED) this.sink.gone()
    await this.isAbsent('missing', error)
  }

  private nextVersion(): void {
    this.version = null
    this.apiIndex = (this.apiIndex + 1) % this.collection.kind.versions.length
  }

  private async isAbsent(state: 'missing' | 'forbidden' | 'elsewhere', error: Error): Promise<void> {
    if (state !== 'missing') this.missed = 0
    this.sink.state(state, error)
    await this.pause(this.times.absentMs * (0.5 + Math.random() / 2))
  }

  private async pause(ms: number): Promise<void> {
    const waiting = new AbortController()
    this.waiting = waiting
    const signal = AbortSignal.any([this.closing.signal, this.turn.signal, waiting.signal])
    await delay(ms, undefined, { signal }).catch(() => {})
    this.waiting = null
  }

  /** The version that the list is of. */
  private async list(signal: AbortSignal): Promise<string> {
    try {
      return await this.listPaged(signal, PAGE)
    } catch (error) {
      // It took longer than the server remembers: at once, then.
      if (!(error instanceof ApiError) || error.code !== 410) throw error
      return await this.listPaged(signal, 0)
    }
  }

  private async listPaged(signal: AbortSignal, limit: number): Promise<string> {
    const keys = new Set<string>()
    for (let next = ''; ;) {
      const paging = limit === 0 ? {} : { limit, ...(next !== '' && { continue: next }) }
      const page = await this.client.get(this.path, { ...selectionOf(this.collection), ...paging }, signal)
      const items = fieldOf(page, 'items') ?? []
      const version = fieldOf(fieldOf(page, 'metadata'), 'resourceVersion')
      if (!Array.isArray(items) || typeof version !== 'string') throw new Error('the answer is no list')
      for (const item of items) keys.add(this.sink.put(item))
      const more = fieldOf(fieldOf(page, 'metadata'), 'continue')
      next = typeof more === 'string' ? more : ''
      if (next !== '') continue
      this.sink.retain(keys)
      return version
    }
  }

  private get path(): string {
    return pathOf(this.collection, this.apiVersion)
  }

  private async watch(signal: AbortSignal): Promise<void> {
    const query = {
      ...selectionOf(this.collection),
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: this.version!,
      timeoutSeconds: Math.round(WATCH_S * (1 + Math.random() / 2)),
    }
    await this.client.stream(this.path, query, {
      signal,
      silenceMs: this.times.silenceMs,
      begun: () => this.sink.state('synced', null),
      line: text => this.event(text),
    })
  }

  private event(line: string): void {
    const event = parsed(line)
    const [type, object] = [fieldOf(event, 'type'), fieldOf(event, 'object')]
    if (type === 'ERROR') throw errorOf(object)
    const version = fieldOf(fieldOf(object, 'metadata'), 'resourceVersion')
    if (typeof version !== 'string' || version === '') throw new Unreadable('an event has no version')
    if (type === 'ADDED' || type === 'MODIFIED') readable(() => this.sink.put(object))
    else if (type === 'DELETED') readable(() => this.sink.remove(object))
    else if (type !== 'BOOKMARK') throw new Unreadable('an event is of no type that is known')
    this.version = version
    this.sink.heard()
    if (this.unreadable > 0) this.unreadable = 0
    this.backoff.reset()
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    throw new Unreadable('a line is no JSON')
  }
}

function readable(act: () => unknown): void {
  try {
    act()
  } catch (error) {
    throw new Unreadable(error instanceof Error ? error.message : String(error))
  }
}

/** meta/v1 Status, in place of an object. */
function errorOf(status: unknown): ApiError {
  const code = Number(fieldOf(status, 'code'))
  const message = fieldOf(status, 'message')
  return new ApiError(code, `watch: ${code} ${typeof message === 'string' ? message.slice(0, 1000) : ''}`)
}
