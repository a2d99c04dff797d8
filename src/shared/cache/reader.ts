import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads'
import { KeyHash } from '../key-hash.ts'
import { AskedOften } from './asked-often.ts'
import { Changes } from './changes.ts'
import { Claims, type Claim } from './claims.ts'
import { isBefore, type CacheHandle, type FromKeeper, type ToKeeper } from './keeper.ts'
import { Shelf, type Variants } from './shelf.ts'
import type { Stored } from './stored.ts'

/** Bodies that are being sent are counted from this size on: what is smaller leaves with its head. */
const COUNTED_BYTES = 16 * 1024

/** The cache, as one worker sees it: an index of its own, in which it finds without waiting what all have stored. */
export class CacheReader {
  /** The largest answer that is kept: one that is more than an eighth of all would push out too many. */
  readonly mostBytes: number
  readonly claims: Claims
  private readonly shelf = new Shelf()
  private readonly byId = new Map<number, Stored>()
  private readonly port: MessagePort
  private readonly published: Int32Array
  private readonly hits: Int32Array
  private readonly lingering: Int32Array
  private readonly often: AskedOften
  private readonly changes: Changes
  private readonly hash: KeyHash
  private readonly owner: number
  private seen: number
  private purgedAt: number
  /** Whose bodies are being sent, and to how many. */
  private readonly sent = new Map<Stored, number>()
  /** Those of them that are not kept any more. */
  private readonly lingers = new Set<Stored>()

  /** `nowUs`: of the clock that all workers have. */
  constructor(
    {
      port,
      published,
      seen,
      hits,
      asked,
      changes,
      claims,
      secret,
      lingering,
      owner,
      limitBytes,
      stored,
    }: CacheHandle,
    nowUs: () => number = () => performance.now() * 1000,
  ) {
    this.port = port
    this.published = new Int32Array(published)
    this.hits = new Int32Array(hits)
    this.lingering = new Int32Array(lingering)
    this.often = new AskedOften(asked, secret)
    this.changes = new Changes(changes, secret)
    this.claims = new Claims(claims, secret, owner, nowUs)
    this.hash = new KeyHash(secret)
    this.owner = owner % this.lingering.length
    this.seen = seen
    this.purgedAt = seen
    this.mostBytes = Math.floor(limitBytes / 8)
    for (const one of stored) this.put(one)
    port.on('message', (message: FromKeeper) => this.apply(message))
    port.unref()
  }

  /** How many changes are known here: whoever asks a backend remembers it, to say so when it offers the answer. */
  get known(): number {
    return this.seen
  }

  /** What is asked for once is not worth the place of another. */
  get isFull(): boolean {
    return Atomics.load(this.published, 1) === 1
  }

  /** By place. */
  find(url: string): ReadonlyMap<string, Variants> | undefined {
    return this.shelf.find(url)
  }

  /** Nothing at its URL was changed since it was asked for. */
  isCurrent({ changePlace, changes }: Stored): boolean {
    return this.changes.count(changePlace) === changes
  }

  /** As well, and nothing was purged since so much was `known`: of what may have gone meanwhile nobody can say what it was. */
  isStanding(stored: Stored, known: number): boolean {
    this.catchUp()
    return !isBefore(known, this.purgedAt) && this.isCurrent(stored)
  }

  /** To be remembered by who asks a backend: where changes of this URL are counted, and how many there were. */
  changesOf(url: string): { readonly changePlace: number; readonly changes: number } {
    const changePlace = this.changes.placeOf(url)
    return { changePlace, changes: this.changes.count(changePlace) }
  }

  /** Stands for a text that is not to be kept as it is, the same in all workers: nobody can find two texts that it stands for. */
  digest(text: string): string {
    const { a, b, c, d } = this.hash.of(text)
    return `${a}.${b}.${c}.${d}`
  }

  /** It has been of use. */
  used({ id }: Stored): void {
    // Not exact where two threads count at once, which is good enough for who is worth more.
    if (id > 0) this.hits[id % this.hits.length]!++
  }

  /** How often that was asked for lately which is not here. */
  asked(url: string, place: string): number {
    return this.often.count(`${place} ${url}`)
  }

  /**
   * Stores it here at once, and for all workers when the keeper agrees. `asked`: how often it was asked for lately;
   * `known` as it was when the backend was asked; `claim` is given back once all workers can find it. False, and it is
   * not, where something was purged or changed since: this may be it.
   */
  offer(stored: Stored, asked: number, known: number, claim: Claim | null = null): boolean {
    if (!this.isStanding(stored, known)) return false
    this.put(stored)
    this.port.postMessage({ type: 'offer', stored, asked, seen: this.seen, claim } satisfies ToKeeper)
    return true
  }

  /** What was stored of this URL is true no more (RFC 9111 §4.4), in no worker from now on, nor what is under way. */
  outdated(url: string): void {
    this.changes.changed(url)
    for (const one of this.shelf.at(url)) this.drop(one)
    this.port.postMessage({ type: 'outdated', url, only: null } satisfies ToKeeper)
  }

  /** The backend has another answer in the place of this one (RFC 9111 §4.3.3). */
  replaced(stored: Stored): void {
    this.drop(stored)
    const { url, id, place, values } = stored
    this.port.postMessage({ type: 'outdated', url, only: { id, place, values } } satisfies ToKeeper)
  }

  /** Its body is being sent to a client, until what is given back is called. */
  sending(stored: Stored): () => void {
    const { body } = stored
    if (body === null || body.byteLength < COUNTED_BYTES) return nothing
    const { sent } = this
    sent.set(stored, (sent.get(stored) ?? 0) + 1)
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      const others = sent.get(stored)! - 1
      if (others > 0) return void sent.set(stored, others)
      sent.delete(stored)
      if (this.lingers.delete(stored)) this.linger(-kibibytes(body))
    }
  }

  /** Takes the changes that have been made known: so a purge counts from the moment in which it was made. True where there were any. */
  catchUp(): boolean {
    if (Atomics.load(this.published, 0) === this.seen) return false
    for (
      let next = receiveMessageOnPort(this.port);
      next !== undefined;
      next = receiveMessageOnPort(this.port)
    )
      // oxlint-disable-next-line typescript/no-unsafe-argument -- what the keeper posted
      this.apply(next.message)
    return true
  }

  private apply(message: FromKeeper): void {
    if (message.type === 'refused') return this.refused(message)
    this.seen = (this.seen + 1) | 0
    if (message.purged) {
      this.purgedAt = this.seen
      // What was offered before, and is on its way to the keeper, will be refused.
      for (const one of this.shelf.all()) if (one.id === 0) this.drop(one)
    }
    for (const id of message.drop) {
      const one = this.byId.get(id)
      if (one !== undefined) this.drop(one)
    }
    if (message.put !== null) this.put(message.put)
  }

  /** Only what was offered: by now another may be in its place. */
  private refused({ url, place, values }: { url: string; place: string; values: string }): void {
    const mine = this.shelf.find(url)?.get(place)?.byValues.get(values)
    if (mine?.id === 0) this.drop(mine)
  }

  private put(stored: Stored): void {
    for (const one of this.shelf.put(stored)) this.left(one)
    if (stored.id > 0) this.byId.set(stored.id, stored)
  }

  private drop(stored: Stored): void {
    this.shelf.remove(stored)
    this.left(stored)
  }

  private left(stored: Stored): void {
    if (stored.id === 0 || this.byId.get(stored.id) !== stored) return
    this.byId.delete(stored.id)
    if (!this.sent.has(stored)) return
    this.lingers.add(stored)
    this.linger(kibibytes(stored.body!))
  }

  private linger(kib: number): void {
    Atomics.add(this.lingering, this.owner, kib)
  }
}

function kibibytes(body: SharedArrayBuffer): number {
  return Math.ceil(body.byteLength / 1024)
}

function nothing(): void {}
