import type { Backend } from '../backends/backend.ts'
import { FrameSocket } from '../streams/frame-socket.ts'
import { framesOfWs } from '../streams/frames.ts'
import { TypedSocket, type Socket } from '../streams/socket.ts'
import type { BackendRequest, OpenedTunnel } from '../transport/transport.ts'
import type { Clock } from '../../upstream/clock.ts'
import { Checked } from '../schemas/checked.ts'
import { Type } from 'typebox'
import { stubsFor } from './stubs.ts'
import type { StubTransport } from './stub-transport.ts'
import type { Accepted, SocketStubs } from './socket-stubs.ts'
import { tunnelPair } from './tunnel-pair.ts'

/** Of JSON whatever there is; text that is none, and bytes, as they are. */
const anything = Checked.of('message', Type.Unknown())

async function accepted(
  { target, headers, signal }: BackendRequest,
  clock: Clock,
  isJson: boolean,
  serve: (x: Accepted<never>) => Promise<void> | void,
): Promise<OpenedTunnel> {
  const [ours, theirs] = tunnelPair()
  const frames = await framesOfWs()
  signal.addEventListener('abort', () => theirs.abort(), { once: true })
  const socket = new FrameSocket({ tunnel: theirs, side: 'server', frames, clock, limits: {}, slow: {} })
  const typed: Socket<unknown, unknown> = new TypedSocket(socket, {
    receives: isJson ? anything : null,
    sends: isJson ? anything : null,
    protocol: '',
    misfit: () => new TypeError('a message that is no JSON'),
    mistake: () => new TypeError('a message that is no JSON'),
    failure: () => null,
  })
  const pause = (ms: number) =>
    new Promise<void>(resolve => {
      if (ms !== Infinity) clock.after(ms, resolve)
    })
  const context = { socket: typed as never, target, headers, pause }
  void Promise.resolve()
    .then(() => serve(context))
    .then(
      () => socket.close(1000),
      () => socket.close(1011, 'the stub failed'),
    )
  const offered = headers['sec-websocket-protocol']?.split(',')[0]
  return { headers: offered === undefined ? {} : { 'sec-websocket-protocol': offered }, tunnel: ours }
}

export function socketStubsFor(name: string, backend: Backend, transport: StubTransport): SocketStubs<never> {
  const isJson = backend.socket!.receives !== undefined || backend.socket!.sends !== undefined
  const usual = stubsFor(name, transport, null)
  return {
    accept(path, serve, { afterMs = 0, times = Infinity } = {}) {
      transport.add({
        call: `${name} GET ${path}`,
        afterMs,
        left: times,
        answer: () => undefined,
        open: request => accepted(request, transport.clock, isJson, serve),
      })
    },
    fail: usual.fail,
  }
}
