import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { connectFrom, neighbour } from '../support/from.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { backend, gateway, to, yamlOf } from '../support/resources.ts'
import { clientHello } from '../support/tls.ts'

/** Files that the process may have open; a worker takes 256 clients at least. */
const FILES = 340
/** Of each kind: with what the process has open, and a file for each backend connection, more than there are. */
const CLIENTS = 120

const OPEN = /^portcullis_downstream_connections_active\{.*\} (\d+)$/gm

const route = (kind: string, section: string) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind,
  metadata: { name: section },
  spec: { parentRefs: [{ name: 'gw', sectionName: section }], rules: [{ backendRefs: [to(section)] }] },
})

const soon = {
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'BackendPolicy',
  metadata: { name: 'soon' },
  spec: {
    targetRefs: ['web', 'tls'].map(name => ({ group: 'portcullis.dev', kind: 'Backend', name })),
    outlierDetection: { consecutiveFailures: 1, maxEjectedPercent: 100 },
  },
}

/** Requests are held unless they are for `/now`; bytes that are no request are taken. */
const start = (): Promise<RawUpstream> =>
  RawUpstream.answering(request => (request.start.includes('/now') ? ok('x', 'Connection: close\r\n') : ''))

test('out of files requests and streams are refused, and no endpoint is ejected for it', async () => {
  await using a = await start()
  await using b = await start()
  const [web, tls] = [await freePort(), await freePort()]
  using folder = new Folder({
    'all.yaml': yamlOf(
      gateway([
        { name: 'web', port: web },
        { name: 'tls', port: tls, protocol: 'TLS', tls: { mode: 'Passthrough' } },
      ]),
      route('HTTPRoute', 'web'),
      { ...route('TLSRoute', 'tls'), spec: { ...route('TLSRoute', 'tls').spec, hostnames: ['tls.example'] } },
      backend('web', [a.port, b.port]),
      backend('tls', [a.port, b.port]),
      soon,
    ),
  })
  await using running = await RunProcess.startWithin(FILES, [folder.path], '--workers', '1')
  await running.started()
  const sockets = async (port: number): Promise<Socket[]> =>
    Promise.all(Array.from({ length: CLIENTS }, () => connectFrom(neighbour, port)))
  const [requests, streams] = [await sockets(web), await sockets(tls)]
  // What only the system has accepted yet has no file of the process.
  for (let open = 0; open < 2 * CLIENTS;) {
    const metrics = await (await running.get('/metrics')).text()
    open = 0
    for (const [, count] of metrics.matchAll(OPEN)) open += Number(count)
  }
  const hello = await clientHello({ servername: 'tls.example' })
  for (const [kind, clients, bytes] of [
    ['web', requests, 'GET /held HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['tls', streams, hello],
  ] as const) {
    for (const socket of clients) socket.write(bytes)
    const failed = await running.event('endpoint.connect_failed', line =>
      String(line['cluster']).endsWith(`/${kind}`),
    )
    assert.equal(failed['failure'], 'proxy_overloaded')
    assert.equal(failed['reason'], 'EMFILE')
  }
  for (const socket of [...requests, ...streams]) socket.destroy()
  // Who is answered now has files again; the upstreams have no part in any of it.
  let answer = ''
  while (!answer.startsWith('HTTP/1.1 200 ')) answer = await asked(web)
  const before = a.conversations.length + b.conversations.length
  const stream = await connectFrom(neighbour, tls)
  stream.write(hello)
  await Promise.race([
    a.until(() => a.conversations.length + b.conversations.length > before),
    b.until(() => a.conversations.length + b.conversations.length > before),
  ])
  stream.destroy()
  assert.deepEqual(
    running.log.all.filter(({ event }) => event === 'endpoint.ejected'),
    [],
  )
})

/** What is answered to a request on a connection of its own, or "" where that is closed. */
async function asked(port: number): Promise<string> {
  const socket = await connectFrom(neighbour, port)
  const { promise, resolve } = Promise.withResolvers<string>()
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  socket.on('close', () => resolve(text)).on('end', () => socket.end())
  socket.write('GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  return promise
}
