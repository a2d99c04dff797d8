/**
 * What it costs to cross from a data-plane thread into a thread that answers, and back: `node bench/micro/crossing.ts`.
 * Processor time of both threads for each request, beside a ping of the same port with nothing in it, in the same run.
 * Numbers of one run are in docs/adr/0075.
 */
import { isMainThread, MessageChannel, parentPort, Worker, type MessagePort } from 'node:worker_threads'
import { Fields } from '../../src/http/fields.ts'
import { NO_BODY, type RequestHead } from '../../src/http/head.ts'
import { leave } from '../../src/shared/leave.ts'
import { Crossing } from '../../src/upstream/crossing/crossing.ts'
import { CrossingStream, type StreamPool } from '../../src/upstream/crossing/stream.ts'
import type { UpstreamHandler } from '../../src/upstream/upstream-stream.ts'

type What = 'ping' | 'request' | 'upload'

/** What a browser's request has when it comes out of the gateway. */
const FIELDS = [
  ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36'],
  ['accept', 'application/json'],
  ['accept-encoding', 'gzip, deflate, br'],
  ['authorization', 'Bearer abcdefghijklmnopqrstuvwxyz0123456789'],
  ['x-request-id', '0198f0a0-0000-7000-8000-000000000000'],
  ['x-forwarded-for', '10.0.0.1'],
  ['x-forwarded-proto', 'https'],
  ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
  ['via', '1.1 portcullis'],
].flat()

/** Says what it is told. */
function echoing(): void {
  parentPort!.on('message', ({ port }: { readonly port: MessagePort }) =>
    port.on('message', (message: unknown) => port.postMessage(message)),
  )
}

class Bench {
  done = 0
  over = false
  private readonly port: MessagePort
  private readonly crossing: Crossing | null
  private readonly pool: StreamPool
  private readonly upload: Buffer | null

  constructor(port: MessagePort, what: What) {
    this.port = port
    this.crossing = what === 'ping' ? null : new Crossing(port)
    this.upload = what === 'upload' ? Buffer.alloc(10_000, 'x') : null
    if (this.crossing === null) port.on('message', () => this.next())
    port.ref()
    this.pool = {
      crossing: this.crossing,
      limits: { fieldBytes: 16_384, headBytes: 65_536, fieldCount: 100 },
      over() {},
      goesOn: () => true,
      linger() {},
      unreachable() {},
      faulted() {},
    }
  }

  next(): void {
    this.done++
    this.ask()
  }

  ask(): void {
    if (this.crossing === null) return this.port.postMessage(0)
    const stream = new CrossingStream(this.pool)
    const { upload } = this
    stream.send(headOf(upload), this.handler)
    if (upload === null) return
    stream.write(upload, 0, upload.length)
    stream.end()
    stream.flush()
  }

  private readonly handler: UpstreamHandler = {
    onInformational() {},
    onHead() {},
    onData() {},
    onEnd: () => this.next(),
    onFlush: () => true,
    onUpgrade() {},
    onFailure: (failure, detail) => {
      if (!this.over) throw new Error(`${failure} ${detail}`)
    },
    onWritable() {},
  }
}

function headOf(upload: Buffer | null): RequestHead {
  return {
    method: upload === null ? 'GET' : 'POST',
    scheme: 'http',
    authority: 'shop.example.com',
    hostname: 'shop.example.com',
    path: '/json',
    query: '?x=1',
    version: 11,
    fields: new Fields([...FIELDS]),
    length: upload?.length ?? NO_BODY,
    hasLength: upload !== null,
    keepAlive: true,
    upgrade: '',
    expectContinue: false,
    acceptsTrailers: false,
    trailer: '',
    hints: 0,
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 5))
}

async function measure(what: What, atOnce: number): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  const entry = what === 'ping' ? import.meta.url : '../../test/support/crossing-thread.ts'
  const worker = new Worker(new URL(entry, import.meta.url))
  worker.postMessage({ type: 'port', port: port2 }, [port2])
  const bench = new Bench(port1, what)
  for (let i = 0; i < atOnce; i++) bench.ask()
  await until(() => bench.done > 20_000)
  const before = bench.done
  const start = process.cpuUsage()
  await until(() => bench.done > before + 60_000)
  const { user, system } = process.cpuUsage(start)
  const eachUs = (user + system) / (bench.done - before)
  console.log(`${what.padEnd(8)} ${String(atOnce).padStart(3)} at once: ${eachUs.toFixed(1)} µs`)
  bench.over = true
  await worker.terminate()
  port1.close()
}

if (isMainThread) {
  for (const atOnce of [1, 4, 16, 64])
    for (const what of ['ping', 'request', 'upload'] as const) await measure(what, atOnce)
  leave(0)
} else echoing()
