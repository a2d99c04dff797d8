import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  block,
  continuation,
  data,
  END_STREAM,
  frame,
  get,
  headers,
  PADDED,
  ping,
  post,
  priority,
  rst,
  settings,
  settingsAck,
  windowUpdate,
} from '../support/http2/wire.ts'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { RawHttp2Client } from '../support/raw-http2.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { Neighbour } from '../support/neighbour.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { httpsListener } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

const pair = await (await Authority.make()).issue({ names: ['a.example'] })

/** What a client does again and again until its connection ends. Sessions by themselves meet the same in test/conformance/h2. */
interface Attack {
  readonly what: string
  /** Why the connection ends: rule in log and metrics. */
  readonly fault: string
  readonly before?: readonly Buffer[]
  readonly step: (id: number) => readonly Buffer[]
  /** Steps with which it ends where no time passes, and requests of them that may reach the upstream. */
  readonly most: number
  readonly reach: number
}

/** The test's certificate is for a.example, and so is :authority; :scheme is the connection's. */
const attacks = (scheme: 'http' | 'https'): readonly Attack[] => {
  const open = (id: number, flags = 5): Buffer => headers(id, asked(scheme, get()), flags)
  const upload = (id: number): Buffer => headers(id, asked(scheme, post()), 4)
  const reset = (what: string, step: Attack['step']): Attack => ({
    what: `resets that the server is made to send: ${what}`,
    fault: 'flood-errors',
    step,
    most: 101,
    reach: 101,
  })
  return [
    {
      what: 'rapid reset',
      fault: 'flood-resets',
      step: id => [open(id), rst(id, 8)],
      most: 201,
      reach: 201,
    },
    reset('a window update of 0', id => [open(id), windowUpdate(id, 0)]),
    reset('a window that overflows', id => [open(id), windowUpdate(id, 0x7fffffff)]),
    reset('DATA after the end', id => [open(id), data(id, 'x')]),
    reset('HEADERS after the end', id => [open(id), open(id)]),
    reset('PRIORITY of a wrong length', id => [open(id), frame(2, 0, id, 'x')]),
    reset('a stream that depends on itself', id => [open(id), priority(id, id)]),
    reset('a body longer than Content-Length', id => [
      headers(id, asked(scheme, post('content-length', '1')), 4),
      data(id, 'xx'),
    ]),
    reset('trailers that end nothing', id => [upload(id), headers(id, block('x', 'y'), 4)]),
    { ...reset('malformed heads', id => [headers(id, asked(scheme, get('X', 'y')))]), reach: 0 },
    { ...reset('empty heads', id => [headers(id, Buffer.alloc(0))]), reach: 0 },
    {
      what: 'CONTINUATION without end',
      fault: 'flood-continuations',
      before: [open(1, END_STREAM)],
      step: () => [continuation(1, Buffer.alloc(0), 0)],
      most: 9,
      reach: 0,
    },
    {
      what: 'a field block without end',
      fault: 'head-block-size',
      before: [headers(1, Buffer.alloc(16_384), END_STREAM)],
      step: () => [continuation(1, Buffer.alloc(16_384), 0)],
      most: 4,
      reach: 0,
    },
    { what: 'SETTINGS', fault: 'flood-settings', step: () => [settings([3, 1])], most: 21, reach: 0 },
    {
      what: 'acknowledgements of SETTINGS',
      fault: 'flood-settings',
      step: () => [settingsAck],
      most: 21,
      reach: 0,
    },
    { what: 'PING', fault: 'flood-pings', step: () => [ping()], most: 101, reach: 0 },
    { what: 'PRIORITY', fault: 'flood-priority', step: () => [priority(1, 3)], most: 201, reach: 0 },
    {
      what: 'WINDOW_UPDATE of the connection',
      fault: 'flood-window-updates',
      step: () => [windowUpdate(0, 1)],
      most: 1001,
      reach: 0,
    },
    {
      what: 'a window that opens a byte at a time',
      fault: 'flood-window-updates',
      before: [settings([4, 0]), headers(1, asked(scheme, get(), '/large'))],
      step: () => [windowUpdate(1, 1)],
      most: 1100,
      reach: 1,
    },
    {
      what: 'empty DATA',
      fault: 'flood-empty-data',
      before: [upload(1)],
      step: () => [data(1, '')],
      most: 101,
      reach: 1,
    },
    {
      what: 'DATA of padding alone',
      fault: 'flood-empty-data',
      before: [upload(1)],
      step: () => [data(1, '\x01x', PADDED)],
      most: 101,
      reach: 1,
    },
    {
      what: 'frames of unknown types',
      fault: 'flood-extensions',
      step: () => [frame(0xfa, 0, 0, 'x')],
      most: 101,
      reach: 0,
    },
    {
      what: 'streams beyond the limit',
      fault: 'flood-errors',
      step: id => [headers(id, asked(scheme, get(), '/never'))],
      most: 201,
      reach: 100,
    },
  ]
}

/** A block of wire.ts with another scheme or path. */
function asked(scheme: string, fields: Buffer, path = '/'): Buffer {
  const text = fields.toString('latin1').replace('\x04http', `${String.fromCharCode(scheme.length)}${scheme}`)
  return Buffer.from(
    text.replace('\x05:path\x01/', `\x05:path${String.fromCharCode(path.length)}${path}`),
    'latin1',
  )
}

/** Answers everything but `/never`, and counts the requests that are not the neighbour's. */
class Upstream {
  reached = 0

  start(): Promise<TestUpstream> {
    return TestUpstream.start((request, response) => {
      if (request.url !== '/neighbour') this.reached++
      request.on('error', () => {})
      if (request.url === '/large') response.end('x'.repeat(100_000))
      else if (request.url !== '/never') request.resume().on('end', () => response.end('ok'))
    })
  }
}

function start(upstream: TestUpstream): Promise<TestGateway> {
  return startGateway(
    yamlOf(
      gateway([{ name: 'http' }, httpsListener('https', ['pair'])]),
      tlsSecret('pair', pair),
      httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [upstream.port]),
    ),
  )
}

/** How often the neighbour is looked after on the way. Budgets grow with time: a slow machine needs more steps, but no attack lasts. */
const LOOKS = 8
const PATIENCE = 100

for (const [where, port, tls] of [
  ['a plain port', 80, false],
  ['TLS', 443, true],
] as const)
  suite(`floods on ${where}`, () => {
    for (const { what, fault, step, most, reach, before = [] } of attacks(tls ? 'https' : 'http'))
      test(`${what}: ${fault}, and the neighbour is served`, async () => {
        const counting = new Upstream()
        await using upstream = await counting.start()
        await using running = await start(upstream)
        await using neighbour = new Neighbour(running.port(port), tls)
        await using attacker = await RawHttp2Client.to(running.port(port), { tls })
        attacker.says(...before)
        let steps = 0
        const sinceMs = performance.now()
        while (!attacker.ended && steps < most * PATIENCE) {
          for (let i = 0; i < most / LOOKS; i++) attacker.says(...step(1 + 2 * steps++))
          await neighbour.served()
        }
        await attacker.closed()
        await neighbour.served()
        assert.match(attacker.said.at(-1) ?? '', /^GOAWAY \d+ ENHANCE_YOUR_CALM$/)
        const seconds = (performance.now() - sinceMs) / 1000
        assert.ok(
          counting.reached <= reach * (1 + seconds),
          `${counting.reached} requests reached the upstream`,
        )
        const line = await running.line(one => one['portcullis.rejection'] === fault)
        assert.equal(line['client.address'], '127.0.0.1')
        assert.match(running.metrics(), new RegExp(`portcullis_rejections_total\\{rule="${fault}"\\} 1\n`))
        assert.match(running.metrics(), /portcullis_requests_active 0\n/)
      })
  })
