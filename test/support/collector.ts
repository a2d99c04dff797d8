import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Seen } from './until.ts'

/** A span as a collector reads it, its attributes as an object. */
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  readonly kind: number
  readonly startNs: bigint
  readonly endNs: bigint
  readonly isError: boolean
  readonly attributes: Readonly<Record<string, unknown>>
}

/**
 * A collector of OpenTelemetry on a real socket, which holds what it is sent to OTLP/HTTP with JSON (OTLP 1.x and
 * opentelemetry-proto, trace/v1/trace.proto): a member that is not of it fails the test.
 */
export class TestCollector implements AsyncDisposable {
  readonly spans = new Seen<ReceivedSpan>()
  readonly requests = new Seen<IncomingMessage>()
  /** What is wrong with what has been sent. */
  readonly faults: unknown[] = []
  /** Of the last request. */
  resource: Readonly<Record<string, unknown>> = {}
  /** In place of 200. */
  answer: ((response: ServerResponse) => void) | null = null
  readonly server = createServer((request, response) => void this.receive(request, response))

  static async start(port = 0): Promise<TestCollector> {
    const collector = new TestCollector()
    await once(collector.server.listen(port, '127.0.0.1'), 'listening')
    return collector
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Of a composition: its span is below that of the attempt which has come to it, and that below the exchange's, whose parent this gives. */
  async parentOf({ traceId, parentSpanId }: ReceivedSpan): Promise<string> {
    const above = (spanId: string): Promise<ReceivedSpan> =>
      this.spans.first(span => span.traceId === traceId && span.spanId === spanId)
    const attempt = await above(parentSpanId)
    const exchange = await above(attempt.parentSpanId)
    assert.deepEqual([attempt.kind, exchange.kind], [3, 2])
    return exchange.parentSpanId
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = []
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece)
    this.requests.push(request)
    if (this.answer !== null) return this.answer(response)
    try {
      assert.equal(request.method, 'POST')
      assert.equal(request.headers['content-type'], 'application/json')
      this.read(JSON.parse(Buffer.concat(pieces).toString()))
    } catch (error) {
      this.faults.push(error)
    }
    response.setHeader('content-type', 'application/json').end('{"partialSuccess":{}}')
  }

  private read(body: unknown): void {
    const { resourceSpans } = membersOf(body, ['resourceSpans'])
    for (const one of listOf(resourceSpans)) {
      const { resource, scopeSpans } = membersOf(one, ['resource', 'scopeSpans'])
      this.resource = attributesOf(membersOf(resource, ['attributes'])['attributes'])
      for (const scoped of listOf(scopeSpans)) {
        const { scope, spans } = membersOf(scoped, ['scope', 'spans'])
        membersOf(scope, ['name', 'version'])
        for (const span of listOf(spans)) this.spans.push(spanOf(span))
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close()
    this.server.closeAllConnections()
    await Promise.resolve()
  }
}

const OF_SPAN =
  'traceId spanId traceState parentSpanId flags name kind startTimeUnixNano endTimeUnixNano attributes status'.split(
    ' ',
  )

function spanOf(given: unknown): ReceivedSpan {
  const span = membersOf(given, OF_SPAN)
  const { traceId, spanId, parentSpanId = '', name, kind, flags, status } = span
  assert.match(String(traceId), /^(?!0{32})[0-9a-f]{32}$/)
  assert.match(String(spanId), /^(?!0{16})[0-9a-f]{16}$/)
  assert.match(String(parentSpanId), /^([0-9a-f]{16})?$/)
  assert.ok(typeof name === 'string' && name !== '')
  assert.ok(kind === 1 || kind === 2 || kind === 3, String(kind))
  assert.ok(Number.isInteger(flags) && (flags as number) <= 0x3ff && ((flags as number) & 1) === 1)
  const startNs = nanosOf(span['startTimeUnixNano'])
  const endNs = nanosOf(span['endTimeUnixNano'])
  assert.ok(startNs <= endNs)
  if (status !== undefined) assert.equal(membersOf(status, ['code', 'message'])['code'], 2)
  return {
    traceId: traceId as string,
    spanId: spanId as string,
    parentSpanId: parentSpanId as string,
    name,
    kind,
    startNs,
    endNs,
    isError: status !== undefined,
    attributes: attributesOf(span['attributes']),
  }
}

function attributesOf(list: unknown): Record<string, unknown> {
  const pairs = listOf(list).map(one => {
    const { key, value } = membersOf(one, ['key', 'value'])
    assert.ok(typeof key === 'string' && key !== '')
    return [key, valueOf(value)] as const
  })
  assert.equal(new Set(pairs.map(([key]) => key)).size, pairs.length, 'a key comes twice')
  return Object.fromEntries(pairs)
}

function valueOf(given: unknown): unknown {
  const entries = Object.entries(given as object)
  assert.equal(entries.length, 1)
  const [[type, value]] = entries as [[string, unknown]]
  if (type === 'arrayValue') return listOf(membersOf(value, ['values'])['values']).map(valueOf)
  if (type === 'intValue') {
    assert.match(String(value), /^-?\d+$/)
    return Number(value)
  }
  const types = { stringValue: 'string', boolValue: 'boolean', doubleValue: 'number' }
  assert.equal(typeof value, types[type as keyof typeof types], type)
  return value
}

function membersOf(given: unknown, names: readonly string[]): Record<string, unknown> {
  assert.ok(typeof given === 'object' && given !== null)
  for (const name of Object.keys(given)) assert.ok(names.includes(name), `${name} is no member of it`)
  return given as Record<string, unknown>
}

function listOf(given: unknown): readonly unknown[] {
  assert.ok(Array.isArray(given))
  return given
}

/** 64 bits are text in JSON of protobuf. */
function nanosOf(given: unknown): bigint {
  assert.ok(typeof given === 'string' && /^\d{19}$/.test(given), String(given))
  return BigInt(given)
}
