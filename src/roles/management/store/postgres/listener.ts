import { Client } from 'pg'
import { connectionConfig, orAfter } from './pool.ts'

const againMs = 500

/**
 * Hears what other processes have committed, on a connection of its own, which is made again when it breaks. What is
 * said meanwhile is not heard: who is woken reads what it has missed, and looks by itself now and then.
 */
export class Listener {
  private readonly url: string
  private readonly wake: () => void
  private client: Client | null = null
  private timer: NodeJS.Timeout | null = null
  private closed = false

  constructor(url: string, wake: () => void) {
    this.url = url
    this.wake = wake
    void this.connect()
  }

  private async connect(): Promise<void> {
    const client = new Client(connectionConfig(this.url))
    this.client = client
    client.on('notification', this.wake)
    client.on('error', () => this.broke(client))
    client.on('end', () => this.broke(client))
    try {
      await client.connect()
      await client.query('listen portcullis')
      this.wake()
    } catch {
      // Who reads meets the same, and says so.
      this.broke(client)
    }
  }

  private broke(client: Client): void {
    if (this.client !== client) return
    this.client = null
    void end(client)
    if (this.closed) return
    this.timer = setTimeout(() => void this.connect(), againMs).unref()
  }

  async close(): Promise<void> {
    this.closed = true
    if (this.timer !== null) clearTimeout(this.timer)
    const { client } = this
    this.client = null
    if (client !== null) await end(client)
  }
}

async function end(client: Client): Promise<void> {
  try {
    await orAfter(1_000, client.end())
  } catch {
    // It was at its end.
  }
}
