import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'
import { settled } from './settled.ts'

/** Listens, tells its port, and never comes back to accept anybody. */
const listener = `
const { createServer } = require('node:net')
const { parentPort } = require('node:worker_threads')
const server = createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  // The message leaves before this blocks the thread, and only the end of the thread ends it.
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
})`

/** A port to which connections are neither made nor refused: as a machine that is down, on this one. */
export class BlackHole implements AsyncDisposable {
  readonly port: number
  private readonly worker: Worker
  private readonly fillers: readonly Socket[]

  private constructor(port: number, worker: Worker, fillers: readonly Socket[]) {
    this.port = port
    this.worker = worker
    this.fillers = fillers
  }

  static async open(): Promise<BlackHole> {
    const worker = new Worker(listener, { eval: true })
    const [port] = (await once(worker, 'message')) as [number]
    // The kernel takes a few into the queue of those to be accepted; when it is full, it answers nobody any more.
    const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}))
    await settled(() => fillers.filter(({ connecting }) => connecting).length)
    return new BlackHole(port, worker, fillers)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.fillers) socket.destroy()
    await this.worker.terminate()
  }
}
