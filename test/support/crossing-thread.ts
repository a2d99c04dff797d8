/** A thread that answers requests which cross from data-plane workers, by what their path asks for (crossing.ts). */
import { abortSignalOf } from '../../src/shared/cancellation.ts'
import { setTimeout as later } from 'node:timers/promises'
import { parentPort, type MessagePort } from 'node:worker_threads'
import { serveCrossing } from '../../src/roles/composition/thread/crossing-server.ts'
import type { CrossingServer } from '../../src/roles/composition/thread/crossing-server.ts'
import type { GatewayAnswer, GatewayRequest } from '../../src/composition/engine/messages.ts'
import type { Tunnel } from '../../src/composition/streams/tunnel.ts'
import { systemClock } from '../../src/upstream/clock.ts'

/** What tells the test of itself. */
export type ThreadSays =
  | { readonly type: 'told'; readonly what: string }
  | { readonly type: 'drained' }
  | ThreadState

export interface ThreadState {
  readonly type: 'state'
  /** Requests under way. */
  readonly active: number
  /** Bytes of streams that were asked for. */
  readonly made: number
}

export type ToTestThread =
  | { readonly type: 'port'; readonly port: MessagePort }
  | { readonly type: 'drain' }
  | { readonly type: 'state' }

const servers: CrossingServer[] = []
const say = (message: ThreadSays): void => parentPort!.postMessage(message)
const tell = (what: string): void => say({ type: 'told', what })
const text = (body: string, status = 200): GatewayAnswer => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body,
})

/** What the micro bench asks for. */
const json: GatewayAnswer = {
  status: 200,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify({ name: 'Ada', orders: [1, 2, 3], text: 'x'.repeat(500) }),
}

/** Bytes of streams that were asked for. */
let made = 0

async function gathered(request: GatewayRequest): Promise<Buffer> {
  return request.body === null ? Buffer.alloc(0) : Buffer.concat(await Array.fromAsync(request.body))
}

async function* endless(chunkBytes: number): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      await Promise.resolve()
      made += chunkBytes
      yield new Uint8Array(chunkBytes).fill(made & 255)
    }
  } finally {
    tell('returned')
  }
}

// oxlint-disable-next-line require-yield -- it has nothing to say before its client goes
async function* neverBegins(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  await new Promise(resolve => signal.addEventListener('abort', resolve))
}

/** One, and then nothing until its client goes. */
async function* heartbeats(signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield Buffer.from(': here\n\n')
  await new Promise(resolve => signal.addEventListener('abort', resolve))
}

async function* ticks(count: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) {
    await later(1)
    yield Buffer.from(`tick ${i}\n`)
  }
}

async function* breaking(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('half')
  await later(1)
  throw new Error('it broke')
}

async function echoed(tunnel: Tunnel): Promise<void> {
  try {
    for await (const bytes of tunnel.incoming) await tunnel.write(bytes)
    tunnel.end()
    tell('tunnel ended')
  } catch {
    tell('tunnel lost')
  }
}

function standStill(): never {
  for (;;);
}

async function answer(request: GatewayRequest): Promise<GatewayAnswer> {
  const { method, target, headers, signal, deadlineMs } = request
  const [path = '', query = ''] = target.split('?')
  if (path === '/json') return json
  request.signal?.addEventListener('abort', () => tell(`aborted ${path}`))
  switch (path) {
    case '/echo':
      return { status: 200, headers: { 'x-method': method }, body: await gathered(request) }
    case '/seen': {
      const leftMs = deadlineMs === undefined ? null : Math.round(deadlineMs - systemClock.now())
      return text(
        JSON.stringify({ method, target, headers, leftMs, body: (await gathered(request)).toString() }),
      )
    }
    case '/stream-echo':
      return { status: 200, headers: {}, body: request.body ?? '' }
    case '/large':
      return { status: 200, headers: {}, body: new Uint8Array(Number(query)).fill(120) }
    case '/large-text':
      return { status: 200, headers: {}, body: 'ü'.repeat(Number(query)) }
    case '/endless':
      return { status: 200, headers: {}, body: endless(Number(query) || 16_384) }
    case '/never-begins':
      return { status: 200, headers: {}, body: neverBegins(abortSignalOf(signal!)) }
    case '/ticks':
      return { status: 200, headers: {}, body: ticks(Number(query)) }
    case '/events':
      return {
        status: 200,
        headers: { 'content-type': 'text/event-stream' },
        body: heartbeats(abortSignalOf(signal!)),
        goesOn: true,
      }
    case '/known-length':
      return { status: 200, headers: { 'content-length': '4' }, body: four() }
    case '/trailers':
      return { status: 200, headers: {}, body: Object.assign(ticks(1), { trailers: { 'x-sum': '1' } }) }
    case '/status':
      return { status: Number(query), headers: { 'x-a': 'b' }, body: '' }
    case '/early':
      // Without a look at what comes.
      return text('early', 403)
    case '/unread':
      tell('unread')
      await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('gone'))))
      return text('never')
    case '/breaking':
      return { status: 200, headers: {}, body: breaking() }
    case '/throws':
      throw new Error('thrown')
    case '/bad-field':
      return { status: 200, headers: { 'x-a': 'b\r\nx-c: d' }, body: '' }
    case '/stands-still':
      tell('stands still')
      return standStill()
    case '/dies':
      return process.exit(3)
    case '/tunnel':
      return {
        status: 101,
        headers: { 'sec-websocket-protocol': 'a' },
        body: '',
        tunnel: t => void echoed(t),
      }
    default:
      return text(`${method} ${target}`)
  }
}

async function* four(): AsyncGenerator<Uint8Array> {
  await later(1)
  yield Buffer.from('four')
}

parentPort!.on('message', (message: ToTestThread) => {
  if (message.type === 'port') servers.push(serveCrossing(message.port, answer, systemClock))
  else if (message.type === 'state')
    say({ type: 'state', made, active: servers.reduce((sum, { active }) => sum + active, 0) })
  else void Promise.all(servers.map(server => server.drain())).then(() => say({ type: 'drained' }))
})
