import { BroadcastChannel } from 'node:worker_threads'

/** What workers ask the main thread now and then, where answers are too rare or too far away to be kept in a table. */
interface Question {
  readonly asker: string
  readonly number: number
  readonly question: unknown
}

interface Answer {
  readonly asker: string
  readonly number: number
  readonly answer: unknown
}

/** How long somebody waits for an answer. */
const PATIENCE_MS = 5_000
/** Questions of one asker that wait at once, and in a second: strangers may be behind them. */
const MOST_WAITING = 32
const MOST_A_SECOND = 100

/** Asks whoever answers on a channel. An answer of null may also mean that nobody is there, or that it is too much. */
export class Questions {
  private readonly channel: BroadcastChannel
  private readonly asker = crypto.randomUUID()
  private readonly waiting = new Map<number, (answer: unknown) => void>()
  private number = 0
  private second = 0
  private asked = 0

  constructor(channel: string) {
    this.channel = new BroadcastChannel(channel)
    this.channel.onmessage = event => {
      const { asker, number, answer } = (event as { data: Partial<Answer> }).data
      if (asker === this.asker && number !== undefined && answer !== undefined)
        this.waiting.get(number)?.(answer)
    }
    this.channel.unref()
  }

  async ask(question: unknown): Promise<unknown> {
    if (!this.admits()) return null
    const number = ++this.number
    const { promise, resolve } = Promise.withResolvers<unknown>()
    this.waiting.set(number, resolve)
    const late = setTimeout(() => resolve(null), PATIENCE_MS)
    late.unref()
    this.channel.postMessage({ asker: this.asker, number, question } satisfies Question)
    try {
      return await promise
    } finally {
      clearTimeout(late)
      this.waiting.delete(number)
    }
  }

  close(): void {
    this.channel.close()
  }

  private admits(): boolean {
    const second = Math.floor(performance.now() / 1_000)
    if (second !== this.second) this.asked = 0
    this.second = second
    return this.waiting.size < MOST_WAITING && this.asked++ < MOST_A_SECOND
  }
}

/** Of this thread, by channel; there are as many as main threads give them names. */
const opened = new Map<string, Questions>()

/** Asks on a channel that stays open as long as the thread lives. */
export function askOn(channel: string, question: unknown): Promise<unknown> {
  const open = opened.get(channel) ?? new Questions(channel)
  opened.set(channel, open)
  return open.ask(question)
}

/** Answers the questions of a channel until it is closed; one that fails is answered null. */
export class Answers {
  private readonly channel: BroadcastChannel

  constructor(channel: string, answer: (question: unknown) => Promise<unknown>) {
    this.channel = new BroadcastChannel(channel)
    this.channel.onmessage = event => {
      const { asker, number, question } = (event as { data: Partial<Question> }).data
      if (asker === undefined || question === undefined || number === undefined) return
      void answer(question)
        .catch(() => null)
        .then(found => this.channel.postMessage({ asker, number, answer: found ?? null } satisfies Answer))
    }
    this.channel.unref()
  }

  close(): void {
    this.channel.close()
  }
}
