import { CallFailure } from '../calls/failure.ts'
import { Answer, Problem } from '../routes/answer.ts'
import type { WebSocketRoute } from '../routes/websocket.ts'
import { Checked } from '../schemas/checked.ts'
import { SlowClient } from '../streams/bounded-queue.ts'
import { FrameSocket, type Closed } from '../streams/frame-socket.ts'
import { framesOfWs, type Frames } from '../streams/frames.ts'
import { SocketClosed, TypedSocket } from '../streams/socket.ts'
import type { Tunnel } from '../streams/tunnel.ts'
import { CompiledRoute, type Surroundings } from './compiled-route.ts'
import type { Course } from './course.ts'
import { checkFields } from './fields.ts'
import type { GatewayAnswer } from './messages.ts'
import { Misfit } from './misfit.ts'
import type { RouteRequest } from './route-request.ts'
import { headOnly } from './streamed.ts'

/** How long a route may go on when its client has closed, to end what it has begun. */
const GRACE_MS = 1_000

/** A route that is a WebSocket. */
export class Socketed extends CompiledRoute<WebSocketRoute> {
  private readonly receives: Checked | null
  private readonly sends: Checked | null

  constructor(route: WebSocketRoute, around: Surroundings) {
    super(route, around)
    const { receives, sends } = route.options
    this.receives = receives === undefined ? null : Checked.of('message', receives)
    this.sends = sends === undefined ? null : Checked.of('message', sends)
  }

  protected override async run(course: Course): Promise<GatewayAnswer> {
    if (course.request.upgrade !== 'websocket')
      throw new Problem(426, 'The path is a WebSocket', { detail: 'The request does not ask for one.' })
    const asked = await this.asked(course)
    const protocol = this.protocolFor(course.request.headers['sec-websocket-protocol'])
    let frames: Frames | null = null
    const given = await this.through(course, asked, async () => {
      frames = await framesOfWs()
      return new Answer(null, 101, {})
    })
    checkFields(given.headers)
    if (frames === null) return headOnly(given)
    course.onOver(() => course.end())
    course.scope.extend(course.request.deadlineMs ?? Infinity)
    return {
      status: 101,
      headers: { ...given.headers, ...(protocol !== '' && { 'sec-websocket-protocol': protocol }) },
      body: '',
      tunnel: tunnel => void this.serve(course, asked, tunnel, frames!, protocol),
    }
  }

  private protocolFor(offered: string | undefined): string {
    const { protocols } = this.route.options
    if (protocols === undefined) return ''
    const names = offered?.split(',').map(name => name.trim()) ?? []
    const found = protocols.find(name => names.includes(name))
    if (found === undefined)
      throw new Problem(400, 'None of the subprotocols is spoken here', {
        detail: `There are: ${protocols.join(', ')}.`,
      })
    return found
  }

  private async serve(
    course: Course,
    asked: RouteRequest,
    tunnel: Tunnel,
    frames: Frames,
    protocol: string,
  ): Promise<void> {
    const { scope } = course
    const { limits = {}, slow = {} } = this.route.options
    if (scope.cancelledBy !== null) return tunnel.abort()
    scope.goesOn = true
    const { clock } = this.around
    const { holding } = scope
    const socket = new FrameSocket({
      tunnel,
      side: 'server',
      frames,
      clock,
      limits,
      slow: slow as never,
      holding,
    })
    const over = new Promise<void>(resolve =>
      course.onOver(({ failure }) => {
        if (failure === 'client_gone') socket.abort()
        else socket.close(1011, 'The time of the WebSocket is over')
        resolve()
      }),
    )
    void socket.closed.then(() => {
      course.onEnd(clock.after(GRACE_MS, () => scope.cancel(new CallFailure('client_gone', ''))))
    })
    const { run } = this.route.options
    const context = Object.assign(Object.create(asked) as object, { socket: this.typed(socket, protocol) })
    try {
      // A function that goes on when its client has gone is not waited for.
      await Promise.race([scope.run(async () => run.call(this.route.options, context as never)), over])
      socket.close(1000)
    } catch (error) {
      this.closeFor(error, course, socket)
    }
    await socket.closed
    // Nobody takes what is left.
    socket.abort()
    course.end()
  }

  private closeFor(error: unknown, course: Course, socket: FrameSocket): void {
    if (error instanceof SocketClosed || course.scope.cancelledBy?.failure === 'client_gone')
      return socket.close(1000)
    if (error instanceof SlowClient) return socket.close(1013, error.message)
    if (error instanceof Problem && error.status < 500) return socket.close(1008, error.title)
    const { title } = JSON.parse(this.problemText(error, course.request)) as { readonly title: string }
    socket.close(1011, title)
  }

  private typed(socket: FrameSocket, protocol: string): TypedSocket {
    return new TypedSocket(socket, {
      receives: this.receives,
      sends: this.sends,
      protocol,
      misfit: (faults, from) => {
        const reason = faults.map(({ at, message }) => `${at} ${message}`).join('; ')
        from.close(reason === 'message is no JSON' ? 1007 : 1008, reason)
        return new SocketClosed({ code: 1008, reason })
      },
      mistake: faults => new Misfit(this.name, faults),
      // Its client may go whenever it likes.
      failure: (_: Closed) => null,
    })
  }
}
