import type { Call } from '../calls/call.ts'
import { CallFailure } from '../calls/failure.ts'
import { Scope } from '../calls/scope.ts'
import { Checked } from '../schemas/checked.ts'
import { FrameSocket } from '../streams/frame-socket.ts'
import { framesOfWs } from '../streams/frames.ts'
import { TypedSocket } from '../streams/socket.ts'
import type { Backend } from './backend.ts'
import type { CallSite } from './call-site.ts'
import { streamRequest } from './stream-request.ts'
import { trackedCall, type RunningCall } from './tracked-call.ts'
import type { ConnectOptions } from './websocket.ts'

/** Ends that are no failures: done, going away, nothing said (RFC 6455 §7.4.1). */
const WELL = new Set([1000, 1001, 1005])

/** What a route calls as `c.NAME` of a backend of WebSockets, for one request. */
export class SocketCalls {
  private readonly name: string
  private readonly backend: Backend
  private readonly site: CallSite

  constructor(name: string, backend: Backend, site: CallSite) {
    this.name = name
    this.backend = backend
    this.site = site
  }

  connect(path: string, options: ConnectOptions = {}): Call<TypedSocket> {
    const call = `${this.name} GET ${path}`
    const timeoutMs = Math.min(this.backend.timeoutMs, options.timeoutMs ?? Infinity)
    // The socket outlives the call, and is of who began that.
    const scope = Scope.of(this.site.request).child()
    return trackedCall(this.site, call, timeoutMs, async running => {
      const abort = () => scope.cancel(running.signal.reason as CallFailure)
      running.signal.addEventListener('abort', abort)
      try {
        return await this.opened(running, scope, path, options)
      } catch (error) {
        scope.close()
        throw error
      } finally {
        running.signal.removeEventListener('abort', abort)
      }
    })
  }

  private async opened(
    { name, record }: RunningCall,
    scope: Scope,
    path: string,
    options: ConnectOptions,
  ): Promise<TypedSocket> {
    const { backend, site } = this
    const { protocols = [] } = options
    const { open } = site.transport
    if (open === undefined) throw new TypeError('the transport of this engine opens no WebSockets')
    const frames = await framesOfWs()
    const { headers, tunnel } = await open.call(
      site.transport,
      streamRequest(this.name, backend, site, {
        call: name,
        method: 'GET',
        path,
        options,
        headers: protocols.length === 0 ? {} : { 'sec-websocket-protocol': protocols.join(', ') },
        signal: scope.cancellation,
        record,
      }),
    )
    record.status = 101
    const { limits, slow, receives, sends } = backend.socket!
    const { clock } = site.request
    const socket = new FrameSocket({ tunnel, side: 'client', frames, clock, limits, slow })
    scope.onCancel = () => socket.abort()
    void socket.closed.then(() => scope.close())
    return new TypedSocket(socket, {
      receives: receives === undefined ? null : Checked.of('message', receives),
      sends: sends === undefined ? null : Checked.of('message', sends),
      protocol: headers['sec-websocket-protocol'] ?? '',
      misfit: (faults, from) => {
        from.close(1008)
        const said = faults.map(({ at, message }) => `${at} ${message}`).join('; ')
        return new CallFailure('backend_response_invalid', name, said)
      },
      mistake: faults =>
        new TypeError(
          `${name} is not sent what its schema does not allow: ${faults.map(({ at, message }) => `${at} ${message}`).join('; ')}`,
        ),
      failure: ({ code }) => {
        if (scope.cancelledBy !== null) return scope.cancelledBy
        return WELL.has(code) ? null : new CallFailure('connection_terminated', name, `closed with ${code}`)
      },
    })
  }
}
