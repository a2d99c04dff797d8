import { Answer, Problem } from '../routes/answer.ts'
import type { StreamRoute } from '../routes/stream.ts'
import { Checked } from '../schemas/checked.ts'
import { negotiated, streamTypes, type StreamFormat } from '../streams/formats.ts'
import { framesOfWs, type Frames } from '../streams/frames.ts'
import type { StreamItem } from '../streams/item.ts'
import type { Tunnel } from '../streams/tunnel.ts'
import { CompiledRoute, type Surroundings } from './compiled-route.ts'
import type { Course } from './course.ts'
import { Feed, QueuedFeed } from './feed.ts'
import { checkFields } from './fields.ts'
import type { GatewayAnswer } from './messages.ts'
import { Misfit } from './misfit.ts'
import type { RouteRequest } from './route-request.ts'
import { StreamBody } from './stream-body.ts'
import { serveStream } from './stream-socket.ts'
import { WrittenItem } from './written-item.ts'

const HEAD_MS = 250
const KEEPALIVE_MS = 15_000
const STALL_MS = 60_000

/** A route whose answer goes on. */
export class Streamed extends CompiledRoute<StreamRoute> {
  private readonly out: Checked
  /** Of what many clients are given, each item is checked and written once. */
  private readonly kept = new WeakMap<StreamItem<unknown>, WrittenItem>()

  constructor(route: StreamRoute, around: Surroundings) {
    super(route, around)
    this.out = Checked.of('item', route.options.out)
  }

  protected override async run(course: Course): Promise<GatewayAnswer> {
    const isSocket = course.request.upgrade === 'websocket'
    const format = isSocket ? null : formatOf(course)
    const frames = isSocket ? await framesOfWs() : null
    const asked = await this.asked(course)
    let feed: Feed | null = null
    const given = await this.through(course, asked, async () => {
      feed = this.feed(course, asked)
      await feed.begun(this.route.options.times?.headMs ?? HEAD_MS)
      return new Answer(null, null, {})
    })
    checkFields(given.headers)
    if (feed === null) return headOnly(given)
    if (format !== null) return this.streaming(course, feed, format, given)
    return this.socket(course, feed, frames!, given)
  }

  private feed(course: Course, asked: RouteRequest): Feed {
    const { times = {}, run } = this.route.options
    course.scope.goesOn = true
    course.scope.extend(
      Math.min(course.scope.clock.now() + (times.totalMs ?? Infinity), course.request.deadlineMs ?? Infinity),
    )
    const items = course.scope.run(() => run.call(this.route.options, asked as never)[Symbol.asyncIterator]())
    return new Feed(course, items, {
      clock: course.scope.clock,
      idleMs: times.idleMs ?? Infinity,
      written: item => this.writtenOf(item),
    })
  }

  private streaming(course: Course, feed: Feed, format: StreamFormat, given: Answer<unknown>): GatewayAnswer {
    const body = new StreamBody({ ...this.going(course, feed), course, format })
    const headers = { 'cache-control': 'no-store', ...given.headers, 'content-type': format.type }
    return { status: given.status ?? 200, headers, body, goesOn: true }
  }

  private socket(course: Course, feed: Feed, frames: Frames, given: Answer<unknown>): GatewayAnswer {
    const going = this.going(course, feed)
    const serve = (tunnel: Tunnel) => void serveStream({ ...going, tunnel, frames })
    return { status: 101, headers: { ...given.headers }, body: '', tunnel: serve }
  }

  /** What it is from the head of the answer on. */
  private going(course: Course, feed: Feed) {
    const { times = {}, slow } = this.route.options
    feed.goesOn()
    return {
      clock: this.around.clock,
      feed: slow === undefined ? feed : new QueuedFeed(feed, slow, course.scope.holding),
      problem: (error: unknown) => this.problemText(error, course.request),
      keepaliveMs: times.keepaliveMs ?? KEEPALIVE_MS,
      stallMs: times.stallMs ?? STALL_MS,
    }
  }

  private writtenOf(item: StreamItem<unknown>): WrittenItem {
    const kept = this.kept.get(item)
    if (kept !== undefined) return kept
    const { value, faults } = this.out.allow(item.data)
    if (faults.length > 0) throw new Misfit(this.name, faults)
    const written = new WrittenItem(item, (JSON.stringify(value) as string | undefined) ?? 'null')
    if (Object.isFrozen(item)) this.kept.set(item, written)
    return written
  }
}

function formatOf({ request }: Course): StreamFormat {
  const format = negotiated(request.headers['accept'])
  if (format === null)
    throw new Problem(406, 'The stream cannot be had in what the request accepts', {
      detail: `It is there as ${streamTypes.join(', ')}.`,
    })
  return format
}

/** What a filter answers in place of a stream has no body: it would be no item. */
export function headOnly({ status, headers, body }: Answer<unknown>): GatewayAnswer {
  if (body != null)
    throw new TypeError('what a filter answers in place of a stream has no body: throw a Problem')
  return { status: status ?? 204, headers: { ...headers }, body: '' }
}
