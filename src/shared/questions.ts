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
/** Questions of one asker that wait at once, and in a second, and of those one client's: strangers may be behind them. */
const MOST_WAITING = 32
const MOST_A_SECOND = 100
const MOST_OF_CLIENT = 10

/** Asks whoever answers on a channel. An answer of null may also mean that nobody is there, or that it is too much. */
export class Questions {
  private readonly channel: BroadcastChannel
  private readonly asker = crypto.randomUUID()
  private readonly waiting = new Map<number, (answer: unknown) => void>()
  private number = 0
  private second = 0
  private asked = 0
  /** In this second, by client; as many as were asked at the most. */
  private readonly byClient = new Map<string, number>()

  constructor(channel: string) {
    this.channel = new BroadcastChannel(channel)
    this.channel.onmessage = event => {
      const { asker, number, answer } = (event as { data: Partial<Answer> }).data
      if (asker === this.asker && number !== undefined && answer !== undefined)
        this.waiting.get(number)?.(answer)
    }
    this.channel.unref()
  }

  /** `client`: on whose behalf. */
  async ask(question: unknown, client: string): Promise<unknown> {
    if (!this.admits(client)) return null
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

  private admits(client: string): boolean {
    const second = Math.floor(performance.now() / 1_000)
    if (second !== this.second) {
      this.second = second
      this.asked = 0
      this.byClient.clear()
    }
    const own = this.byClient.get(client) ?? 0
    if (own >= MOST_OF_CLIENT || this.asked >= MOST_A_SECOND || this.waiting.size >= MOST_WAITING)
      return false
    this.byClient.set(client, own + 1)
    this.asked++
    return true
  }
}

/** Of this thread, by channel; there are as many as main threads give them names. */
const opened = new Map<string, Questions>()

/** Asks on a channel that stays open as long as the thread lives. */
export function askOn(channel: string, question: unknown, client: string): Promise<unknown> {
  const open = opened.get(channel) ?? new Questions(channel)
  opened.set(channel, open)
  return open.ask(question, client)
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
