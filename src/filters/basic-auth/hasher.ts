import { Worker } from 'node:worker_threads'
import { Turns, type Sharer } from '../../upstream/turns.ts'
import type { HashQuestion, Reply } from './hash-thread.ts'

/** `busy`: too many wait already, most of them of this client; `failed`: there is no thread to ask. */
export type Hashed = boolean | 'busy' | 'failed'

/** As built, this file is part of the bundle cli/worker.js. */
const entry = new URL(
  import.meta.url.endsWith('.ts') ? './hash-thread.ts' : './hash-thread.js',
  import.meta.url,
)

/** Passwords that may wait, of all clients and of one: more than browsers send at once. */
const MOST_WAITING = 256
const MOST_OF_CLIENT = 16

/** Longest wait: whoever asks has given up by then. */
const PATIENCE_MS = 10_000

interface Job extends Sharer {
  readonly password: string
  readonly hash: string
  readonly sinceMs: number
  readonly answer: (hashed: Hashed) => void
}

/** One thread that hashes passwords for a worker, in turn by client; it is begun when it is needed. */
export class Hasher {
  private readonly now: () => number
  private readonly begin: () => Worker
  private readonly waiting = new Turns<Job>()
  private thread: Worker | null = null
  private asked: Job | null = null
  private id = 0
  private stopping = false

  /** `begin` may throw: a machine may have no thread left. */
  constructor(now: () => number, begin: () => Worker = beginThread) {
    this.now = now
    this.begin = begin
  }

  /** Never rejects. `client`: whose share it takes. */
  isRight(password: string, hash: string, client: string): Promise<Hashed> {
    return new Promise(answer => {
      const job = { client, password, hash, sinceMs: this.now(), answer }
      if (!this.mayWait(client)) return answer('busy')
      this.waiting.add(job)
      this.next()
    })
  }

  /** Who waits is still answered; then the thread ends. */
  stop(): void {
    this.stopping = true
    this.endIdle()
  }

  /** Where all places are taken, the client with most of them loses its last. */
  private mayWait(client: string): boolean {
    if ([...this.waiting.of(client)].length >= MOST_OF_CLIENT) return false
    if (this.waiting.size < MOST_WAITING) return true
    const last = [...this.waiting.most(client)].at(-1)
    if (last === undefined) return false
    this.waiting.delete(last)
    last.answer('busy')
    return true
  }

  private next(): void {
    if (this.asked !== null) return
    const job = this.waiting.next()
    if (job === null) return
    if (this.now() - job.sinceMs > PATIENCE_MS) {
      job.answer('busy')
      return this.next()
    }
    this.asked = job
    const question: HashQuestion = { id: ++this.id, password: job.password, hash: job.hash }
    try {
      this.thread ??= this.start()
      this.thread.postMessage(question)
    } catch {
      this.answered('failed')
    }
  }

  private start(): Worker {
    const thread = this.begin()
    thread.unref()
    thread.on('message', ({ id, right }: Reply) => {
      if (id === this.id) this.answered(right)
    })
    thread.on('error', () => {
      // `exit` follows.
    })
    thread.once('exit', () => {
      if (this.thread !== thread) return
      this.thread = null
      this.answered('failed')
    })
    return thread
  }

  private answered(hashed: Hashed): void {
    const { asked } = this
    this.asked = null
    asked?.answer(hashed)
    this.next()
    this.endIdle()
  }

  private endIdle(): void {
    const { thread } = this
    if (!this.stopping || this.asked !== null || thread === null) return
    this.thread = null
    void thread.terminate()
  }
}

function beginThread(): Worker {
  return new Worker(entry, { name: 'portcullis-hash' })
}
