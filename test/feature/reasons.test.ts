import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { suite, test } from 'node:test'
import { createServer, type TlsOptions } from 'node:tls'
import { Logger } from '../../src/telemetry/log.ts'
import { block, END_HEADERS, END_STREAM, frame, headers, settings } from '../support/http2/wire.ts'
import { Authority } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { startGateway, type AccessLine, type TestGateway } from '../support/gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import { RawServer } from '../support/raw.ts'
import { gateway, httpRoute, to, yamlOf } from '../support/resources.ts'

const authority = await Authority.make('backends')
const others = await Authority.make('others')
const here = { ips: ['127.0.0.1'] }
const right = await authority.issue(here)

interface Logged {
  readonly event: string
  readonly [field: string]: unknown
}

interface Told {
  readonly started: TestGateway
  readonly logged: readonly Logged[]
}

async function told(spec: object, more: object = {}): Promise<Told> {
  const logged: Logged[] = []
  const write = (line: string): void => void logged.push(JSON.parse(line) as Logged)
  const started = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
      { apiVersion: 'portcullis.dev/v1alpha1', kind: 'Backend', metadata: { name: 'up' }, spec },
      backendPolicy({ outlierDetection: { consecutiveFailures: 1000 } }),
    ),
    { log: new Logger({ write, human: false }), systemAuthorities: () => [authority.root], ...more },
  )
  return { started, logged }
}

const at = (port: number, protocol: string): object => ({
  endpoints: [{ address: '127.0.0.1', port }],
  protocol,
})

/** Asks once; the client is told the failure's name and nothing of its reason. */
async function asked({ started }: Told, reason: string): Promise<AccessLine> {
  // POST: what may not be repeated is asked for once.
  const answer = await send(started.port(), { method: 'POST', body: 'x'.repeat(200) })
  const line = await started.line(one => one['portcullis.failure'] !== undefined)
  assert.match(answer.body, new RegExp(`"reason":"${String(line['portcullis.failure'])}"`))
  if (reason !== '') assert.ok(!answer.body.includes(reason), answer.body)
  return line
}

const json = 'Content-Type: text/plain\r\n'

/** Each row: what a backend of HTTP/1 answers, the failure, what was wrong, and the rule that the log and metrics name. */
suite('a response of HTTP/1 that breaks a rule', () => {
  for (const [answer, failure, reason, rule] of [
    [
      `HTTP/1.1 200 OK\r\n${json}${json}Content-Length: 2\r\n\r\nok`,
      'http_protocol_error',
      'field-repeated (content-type)',
      'field-repeated',
    ],
    [
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok',
      'http_protocol_error',
      'content-length-repeated (content-length)',
      'content-length-repeated',
    ],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'http_protocol_error', 'status-line', 'status-line'],
    ['HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'http_protocol_error', 'line-ending', 'line-ending'],
    [
      `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`,
      'response_header_section_size',
      'field-size',
      'field-size',
    ],
  ] as const)
    test(reason, async () => {
      await using backend = await RawServer.start(
        socket => void socket.once('data', () => socket.write(answer)),
      )
      const all = await told(at(backend.port, 'http'))
      await using started = all.started
      const line = await asked(all, reason)
      assert.deepEqual([line['portcullis.failure'], line['portcullis.failure.reason']], [failure, reason])
      const fault = all.logged.find(({ event }) => event === 'endpoint.fault')
      assert.equal(fault?.['rule'], rule)
      assert.match(
        started.metrics(),
        new RegExp(`portcullis_upstream_faults_total\\{cluster="[^"]*",rule="${rule}"\\} 1\\n`),
      )
    })
})

/** What a connection of HTTP/2 begins with is less than 100 bytes, the request more. */
function onRequest(socket: Socket, answer: Buffer): void {
  let bytes = 0
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    const before = bytes
    bytes += chunk.length
    if (before <= 100 && bytes > 100) socket.write(answer)
  })
}

suite('a response of HTTP/2 that breaks a rule', () => {
  for (const [fields, reason, rule] of [
    [
      block(':status', '200', 'content-type', 'a/b', 'content-type', 'a/c'),
      'field-repeated (content-type)',
      'field-repeated',
    ],
    [block('content-type', 'a/b'), 'h2-pseudo-missing', 'h2-pseudo-missing'],
    [block(':status', '200', 'connection', 'close'), 'h2-connection-field', 'h2-connection-field'],
  ] as const)
    test(reason, async () => {
      await using backend = await RawServer.start(socket => {
        socket.write(settings())
        onRequest(socket, headers(1, fields, END_STREAM | END_HEADERS))
      })
      const all = await told(at(backend.port, 'h2c'))
      await using _started = all.started
      const line = await asked(all, reason)
      assert.deepEqual(
        [line['portcullis.failure'], line['portcullis.failure.reason']],
        ['http_protocol_error', reason],
      )
      assert.equal(all.logged.find(({ event }) => event === 'endpoint.fault')?.['rule'], rule)
    })

  test('a reset is named', async () => {
    await using backend = await RawServer.start(socket => {
      socket.write(settings())
      onRequest(socket, frame(3, 0, 1, '\0\0\0\x0b'))
    })
    const all = await told(at(backend.port, 'h2c'))
    await using _started = all.started
    const line = await asked(all, '')
    assert.equal(line['portcullis.failure.reason'], 'enhance_your_calm')
  })
})

async function secure(options: TlsOptions): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer(options, socket => {
    socket.on('error', () => {})
    // An answer that a client whose certificate was refused never gets.
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
  })
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, [Symbol.asyncDispose]: async () => void (await new Promise(done => server.close(done))) }
}

const shown = async (wanted: Parameters<Authority['issue']>[0], by = authority): Promise<TlsOptions> => {
  const { chain, key } = await by.issue(wanted)
  return { cert: chain, key }
}
const expired = await shown({ ...here, days: -1 })
const elsewhere = await shown({ ips: ['127.0.0.2'] })
const strange = await shown(here, others)

suite('a TLS connection that is refused', () => {
  const plain = { cert: right.chain, key: right.key }
  const asking = { ...plain, requestCert: true, ca: authority.root }
  for (const [what, options, failure, reason] of [
    ['expired', expired, 'tls_certificate_error', 'certificate_expired'],
    ['of another name', elsewhere, 'tls_certificate_error', 'certificate_other_name'],
    ['of nobody known', strange, 'tls_certificate_error', 'certificate_unknown_authority'],
    [
      'a client certificate is missing (TLS 1.3)',
      { ...asking, minVersion: 'TLSv1.3' },
      'tls_alert_received',
      'alert_certificate_required',
    ],
    [
      'a client certificate is missing (TLS 1.2)',
      { ...asking, maxVersion: 'TLSv1.2' },
      'tls_alert_received',
      'alert_handshake_failure',
    ],
    [
      'no protocol in common',
      { ...plain, ALPNProtocols: ['spdy/1'] },
      'tls_alert_received',
      'alert_no_application_protocol',
    ],
  ] as const satisfies readonly (readonly [string, TlsOptions, string, string])[])
    for (const protocol of ['https', 'h2'] as const)
      test(`${what}, by ${protocol}`, async () => {
        const h2 = 'ALPNProtocols' in options ? {} : { ALPNProtocols: ['h2', 'http/1.1'] }
        await using backend = await secure({ ...h2, ...options })
        const all = await told(at(backend.port, protocol))
        await using _started = all.started
        const line = await asked(all, reason)
        assert.deepEqual([line['portcullis.failure'], line['portcullis.failure.reason']], [failure, reason])
        const events = all.logged.filter(({ event }) => event.startsWith('endpoint.'))
        assert.ok(
          events.some(({ reason: why, rule }) => why === reason || rule === reason),
          JSON.stringify(events),
        )
      })

  test('by a server that speaks no TLS', async () => {
    await using backend = await RawServer.start(
      socket => void socket.on('data', () => socket.write('HTTP/1.1 400 \r\n\r\n')),
    )
    const all = await told(at(backend.port, 'https'))
    await using _started = all.started
    const line = await asked(all, '')
    assert.equal(line['portcullis.failure'], 'tls_protocol_error')
    assert.match(String(line['portcullis.failure.reason']), /^(wrong_version_number|packet_length_too_long)$/)
  })
})

suite('a backend that cannot be found', () => {
  for (const [code, reason] of [
    ['ENOTFOUND', 'name_not_found'],
    ['EAI_AGAIN', 'resolver_unavailable'],
    ['EWHATEVER', 'EWHATEVER'],
  ] as const)
    test(`for ${code}`, async () => {
      const lookup = (): Promise<never> => Promise.reject(Object.assign(new Error(code), { code }))
      const all = await told({ endpoints: [{ address: 'up.example', port: 80 }] }, { lookup })
      await using _started = all.started
      const line = await asked(all, reason)
      assert.deepEqual([line['portcullis.failure'], line['portcullis.failure.reason']], ['dns_error', reason])
      assert.equal(all.logged.find(({ event }) => event === 'dns.failed')?.['reason'], reason)
    })
})

test('a connection that is refused has the code of the system', async () => {
  const all = await told(at(1, 'http'))
  await using _started = all.started
  const line = await asked(all, 'ECONNREFUSED')
  assert.equal(line['portcullis.failure.reason'], 'ECONNREFUSED')
  assert.equal(
    all.logged.find(({ event }) => event === 'endpoint.connect_failed')?.['reason'],
    'ECONNREFUSED',
  )
})
