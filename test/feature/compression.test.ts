import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { decoded, encodings } from '../support/encodings.ts'
import { startGateway } from '../support/gateway.ts'
import { requirePeer } from '../support/peer.ts'
import { clientPolicy } from '../support/policies.ts'
import { RawClient } from '../support/raw.ts'
import { RawUpstream } from '../support/raw-upstream.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { wireClient, type Whole } from '../support/wire-client.ts'
import { WireServer, type WireListener } from '../support/wire-server.ts'
import { portFor, startBetween, wires } from '../support/wires.ts'

const page = 'The quick brown fox jumps over the lazy dog. '.repeat(100)
const long = page.repeat(20)

/** A backend whose answers are named by the path. */
const site: WireListener = (request, response) => {
  const [, name = ''] = (request.url ?? '').split('/')
  const fields: Record<string, string> = { 'content-type': 'text/html; charset=utf-8' }
  const body = { short: 'short', long, empty: '' }[name] ?? page
  if (name !== 'unknown') fields['content-length'] = String(body.length)
  if (name === 'image') fields['content-type'] = 'image/png'
  if (name === 'untyped') delete fields['content-type']
  if (name === 'encoded') fields['content-encoding'] = 'x-own'
  if (name === 'identity') fields['content-encoding'] = 'identity'
  if (name === 'untouched') fields['cache-control'] = 'public, no-transform'
  if (name === 'digest') fields['content-digest'] = 'sha-256=:AA==:'
  if (name === 'vary') fields['vary'] = 'Origin'
  if (name === 'tagged') Object.assign(fields, { etag: '"v1"', 'accept-ranges': 'bytes' })
  const known = String(request.headers['if-none-match'] ?? '')
  if (name === 'tagged' && known.replaceAll('W/', '').includes('"v1"')) {
    response.writeHead(304, { etag: '"v1"' })
    return void response.end()
  }
  if (name === 'part') {
    response.writeHead(206, { ...fields, 'content-range': `bytes 0-${body.length - 1}/9999` })
    return void response.end(body)
  }
  if (name === 'seen') {
    response.writeHead(200, { 'x-asked': String(request.headers['accept-encoding']) })
    return void response.end()
  }
  response.writeHead(name === 'missing' ? 404 : 200, fields)
  if (request.method === 'HEAD') return void response.end()
  response.end(body)
}

const all = { compression: {} }

function bodyOf({ body, headers }: Whole): string {
  return decoded(body, headers['content-encoding']).toString()
}

for (const wire of wires)
  suite(`a client of ${wire}`, () => {
    test('is sent what it takes best', async () => {
      await using server = await WireServer.start('h1', site)
      await using running = await startBetween('h1', server.port, { client: all })
      await using client = wireClient(wire, portFor(wire, running))
      for (const [accepted, encoding] of [
        [undefined, undefined],
        ['gzip', 'gzip'],
        ['br', 'br'],
        ['zstd', 'zstd'],
        ['gzip, deflate, br, zstd', 'zstd'],
        ['gzip, deflate, br', 'br'],
        ['gzip;q=1, br;q=0.9', 'gzip'],
        ['gzip;q=0', undefined],
        ['deflate', undefined],
        ['*', 'zstd'],
        ['*;q=0', undefined],
        ['identity, gzip;q=0.5', undefined],
        ['x-gzip', 'gzip'],
      ] as const)
        for (const path of ['/page', '/long', '/unknown']) {
          const headers = accepted === undefined ? {} : { 'accept-encoding': accepted }
          const answer = await client.send({ path, headers })
          assert.equal(answer.headers['content-encoding'], encoding, `${accepted ?? 'absent'} ${path}`)
          assert.equal(answer.headers['vary'], 'Accept-Encoding')
          assert.equal(bodyOf(answer), path === '/long' ? long : page)
          if (answer.headers['content-length'] !== undefined)
            assert.equal(Number(answer.headers['content-length']), answer.body.length)
        }
    })

    test('is sent what may not be compressed as it is', async () => {
      await using server = await WireServer.start('h1', site)
      await using running = await startBetween('h1', server.port, { client: all })
      await using client = wireClient(wire, portFor(wire, running))
      for (const [path, varies] of [
        ['/short', true],
        ['/empty', true],
        ['/image', false],
        ['/untyped', false],
        ['/encoded', false],
        ['/identity', false],
        ['/untouched', false],
        ['/digest', false],
        ['/part', false],
      ] as const) {
        const plain = await client.send({ path })
        const { headers, body, status } = await client.send({ path, headers: { 'accept-encoding': 'gzip' } })
        assert.deepEqual(body, plain.body, path)
        for (const name of ['content-encoding', 'content-length', 'etag', 'content-digest', 'content-range'])
          assert.equal(headers[name], plain.headers[name], `${path} ${name}`)
        assert.equal(status, path === '/part' ? 206 : 200)
        assert.equal(headers['vary'], varies ? 'Accept-Encoding' : undefined, path)
      }
    })

    test('is told by HEAD what GET would be', async () => {
      await using server = await WireServer.start('h1', site)
      await using running = await startBetween('h1', server.port, { client: all })
      await using client = wireClient(wire, portFor(wire, running))
      for (const path of ['/page', '/long', '/short', '/image', '/tagged', '/missing', '/vary', '/unknown']) {
        const headers = { 'accept-encoding': 'gzip' }
        const get = await client.send({ path, headers })
        const head = await client.send({ method: 'HEAD', path, headers })
        assert.equal(head.body.length, 0)
        assert.equal(head.status, get.status)
        for (const name of ['content-type', 'content-encoding', 'etag', 'vary', 'accept-ranges'])
          assert.equal(head.headers[name], get.headers[name], `${path} ${name}`)
        // RFC 9110 §9.3.2: it may be left out, and must not be another one.
        if (head.headers['content-length'] !== undefined)
          assert.equal(head.headers['content-length'], get.headers['content-length'], path)
      }
    })

    test('asks again by the tag of what was compressed, and keeps it', async () => {
      await using server = await WireServer.start('h1', site)
      await using running = await startBetween('h1', server.port, { client: all })
      await using client = wireClient(wire, portFor(wire, running))
      const headers = { 'accept-encoding': 'br' }
      const first = await client.send({ path: '/tagged', headers })
      assert.deepEqual([first.headers['etag'], first.headers['accept-ranges']], ['W/"v1"', undefined])
      const again = await client.send({ path: '/tagged', headers: { ...headers, 'if-none-match': 'W/"v1"' } })
      assert.deepEqual(
        [again.status, again.headers['etag'], again.headers['vary']],
        [304, 'W/"v1"', 'Accept-Encoding'],
      )
      const plain = await client.send({ path: '/tagged' })
      assert.deepEqual([plain.headers['etag'], plain.headers['accept-ranges']], ['"v1"', 'bytes'])
      const plainAgain = await client.send({ path: '/tagged', headers: { 'if-none-match': '"v1"' } })
      assert.deepEqual([plainAgain.status, plainAgain.headers['etag']], [304, '"v1"'])
    })

    test('is sent an error page of the backend compressed, and one of ours', async () => {
      await using server = await WireServer.start('h1', site)
      await using running = await startBetween('h1', server.port, {
        client: { compression: { minBytes: 10 } },
        rule: { matches: [prefix('/missing')] },
      })
      await using client = wireClient(wire, portFor(wire, running))
      const headers = { 'accept-encoding': 'gzip' }
      const theirs = await client.send({ path: '/missing', headers })
      assert.deepEqual(
        [theirs.status, theirs.headers['content-encoding'], bodyOf(theirs)],
        [404, 'gzip', page],
      )
      // Gzip has nothing to gain from so few bytes, unless the client wants nothing else.
      const ours = await client.send({ path: '/nowhere', headers })
      assert.deepEqual([ours.status, ours.headers['vary']], [404, 'Accept-Encoding'])
      assert.match(bodyOf(ours), /"reason":"route_not_found"/)
      const encoded = await client.send({
        path: '/nowhere',
        headers: { 'accept-encoding': 'gzip, identity;q=0' },
      })
      assert.deepEqual([encoded.status, encoded.headers['content-encoding']], [404, 'gzip'])
      assert.match(bodyOf(encoded), /"reason":"route_not_found"/)
    })
  })

test('a backend is asked for what the client accepts, and what it encodes itself goes on as it is', async () => {
  await using server = await WireServer.start('h1', site)
  await using running = await startBetween('h1', server.port, { client: all })
  await using client = wireClient('h1', portFor('h1', running))
  const answer = await client.send({ path: '/seen', headers: { 'accept-encoding': 'gzip, br' } })
  assert.equal(answer.headers['x-asked'], 'gzip, br')
})

test('a route keeps its answers as they are by Cache-Control: no-transform, or its backend from encoding by taking Accept-Encoding away', async () => {
  await using server = await WireServer.start('h1', site)
  const answers = { set: [{ name: 'Cache-Control', value: 'no-transform' }] }
  await using running = await startGateway(
    yamlOf(
      gateway(),
      clientPolicy(all),
      httpRoute('r', {
        rules: [
          {
            matches: [prefix('/secret')],
            filters: [{ type: 'ResponseHeaderModifier', responseHeaderModifier: answers }],
            backendRefs: [to('up')],
          },
          {
            matches: [prefix('/')],
            filters: [
              { type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['Accept-Encoding'] } },
            ],
            backendRefs: [to('up')],
          },
        ],
      }),
      backend('up', [server.port]),
    ),
  )
  await using client = wireClient('h1', running.port())
  const headers = { 'accept-encoding': 'gzip' }
  const secret = await client.send({ path: '/secret', headers })
  assert.deepEqual([secret.headers['content-encoding'], secret.body.toString()], [undefined, page])
  const seen = await client.send({ path: '/seen', headers })
  assert.equal(seen.headers['x-asked'], 'undefined')
  const usual = await client.send({ path: '/page', headers })
  assert.deepEqual([usual.headers['content-encoding'], bodyOf(usual)], ['gzip', page])
})

test('listeners of one port have each their own', async () => {
  await using server = await WireServer.start('h1', site)
  const policy = (name: string, sectionName: string, compression: object) => ({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'ClientPolicy',
    metadata: { name },
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw', sectionName }],
      compression,
    },
  })
  await using running = await startGateway(
    yamlOf(
      gateway([
        { name: 'all', hostname: 'all.example' },
        { name: 'gzip', hostname: 'gzip.example' },
        { name: 'none', hostname: 'none.example' },
        { name: 'plain', hostname: 'plain.example' },
      ]),
      policy('all', 'all', {}),
      policy('gzip', 'gzip', { algorithms: ['gzip'], contentTypes: ['image/png'] }),
      policy('none', 'none', { algorithms: [] }),
      httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
      backend('up', [server.port]),
    ),
  )
  await using client = wireClient('h1', running.port())
  const ask = async (host: string, path: string): Promise<unknown> =>
    (await client.send({ path, headers: { Host: host, 'accept-encoding': 'gzip, br, zstd' } })).headers[
      'content-encoding'
    ]
  assert.equal(await ask('all.example', '/page'), 'zstd')
  assert.equal(await ask('gzip.example', '/page'), undefined)
  assert.equal(await ask('gzip.example', '/image'), 'gzip')
  assert.equal(await ask('none.example', '/page'), undefined)
  assert.equal(await ask('plain.example', '/page'), undefined)
})

test('a client of HTTP/1.0 reads to the end of the connection what has no length', async () => {
  await using server = await WireServer.start('h1', site)
  await using running = await startBetween('h1', server.port, { client: all })
  for (const path of ['/page', '/long', '/unknown']) {
    const text = await RawClient.exchange(
      portFor('h1', running),
      `GET ${path} HTTP/1.0\r\nHost: a.example\r\nAccept-Encoding: gzip\r\n\r\n`,
    )
    const end = text.indexOf('\r\n\r\n')
    assert.match(text.slice(0, end), /\r\nContent-Encoding: gzip(?:\r\n|$)/)
    assert.doesNotMatch(text.slice(0, end), /Transfer-Encoding/i)
    const body = Buffer.from(text.slice(end + 4), 'latin1')
    assert.equal(decoded(body, 'gzip').toString(), path === '/long' ? long : page)
  }
})

test('a connection of HTTP/1.1 serves the next request behind a compressed answer', async () => {
  await using server = await WireServer.start('h1', site)
  await using running = await startBetween('h1', server.port, { client: all })
  const get = (path: string, more = ''): string =>
    `GET ${path} HTTP/1.1\r\nHost: a.example\r\nAccept-Encoding: gzip\r\n${more}\r\n`
  const text = await RawClient.exchange(
    portFor('h1', running),
    get('/long') + get('/page') + get('/short', 'Connection: close\r\n'),
  )
  assert.equal(text.match(/HTTP\/1\.1 200 OK/g)?.length, 3)
  assert.ok(text.endsWith('\r\n\r\nshort'))
})

test('an answer without framing, and one in pieces, are compressed', async () => {
  await using upstream = await RawUpstream.answering(
    () =>
      'HTTP/1.1 200 OK\r\nContent-Type: text/css\r\nTransfer-Encoding: chunked\r\n\r\n' +
      page
        .split('')
        .map(character => `1\r\n${character}\r\n`)
        .join('') +
      '0\r\n\r\n',
  )
  await using running = await startBetween('h1', upstream.port, { client: all })
  await using client = wireClient('h1', portFor('h1', running))
  const answer = await client.send({ headers: { 'accept-encoding': 'gzip' } })
  assert.deepEqual([answer.headers['content-encoding'], bodyOf(answer)], ['gzip', page])
})

test('curl --compressed reads it', async t => {
  const curl = requirePeer(t, 'curl')
  if (curl === null) return
  await using server = await WireServer.start('h1', site)
  await using running = await startBetween('h1', server.port, { client: all })
  const url = (path: string): string => `http://127.0.0.1:${portFor('h1', running)}${path}`
  for (const version of ['--http1.0', '--http1.1', '--http2-prior-knowledge'])
    for (const path of ['/page', '/long', '/unknown', '/short']) {
      const { stdout }: { stdout: string } = await promisify(execFile)(curl, [
        '-sS',
        '--compressed',
        version,
        '-H',
        'Host: a.example',
        url(path),
      ])
      assert.equal(stdout, path === '/long' ? long : path === '/short' ? 'short' : page)
    }
})

test('metrics count what was compressed, and the log what was sent', async () => {
  await using server = await WireServer.start('h1', site)
  await using running = await startBetween('h1', server.port, { client: all })
  await using client = wireClient('h1', portFor('h1', running))
  const headers = { 'accept-encoding': 'gzip' }
  const small = await client.send({ path: '/page', headers })
  const large = await client.send({ path: '/long', headers })
  const sent = small.body.length + large.body.length
  const line = await running.line(({ 'url.path': path }) => path === '/long')
  assert.equal(line['http.response.body.size'], large.body.length)
  const metrics = running.metrics()
  assert.match(metrics, /^portcullis_compression_responses_total\{encoding="gzip"\} 2$/m)
  assert.match(
    metrics,
    new RegExp(
      `^portcullis_compression_input_bytes_total\\{encoding="gzip"\\} ${page.length + long.length}$`,
      'm',
    ),
  )
  assert.match(
    metrics,
    new RegExp(`^portcullis_compression_output_bytes_total\\{encoding="gzip"\\} ${sent}$`, 'm'),
  )
})

test('any body, cut anywhere, is itself again behind each wire', async () => {
  const answers = new Map<string, { readonly pieces: readonly Buffer[]; readonly known: boolean }>()
  await using server = await WireServer.start('h1', (request, response) => {
    const { pieces, known } = answers.get(request.url ?? '')!
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    response.writeHead(200, {
      'content-type': 'text/plain',
      ...(known ? { 'content-length': String(bytes) } : {}),
    })
    void (async () => {
      for (const piece of pieces) if (!response.write(piece)) await once(response, 'drain')
      response.end()
    })()
  })
  await using running = await startBetween('h1', server.port, { client: all })
  const clients = wires.map(wire => wireClient(wire, portFor(wire, running)))
  await using _clients = {
    [Symbol.asyncDispose]: async () =>
      void (await Promise.all(clients.map(client => client[Symbol.asyncDispose]()))),
  }
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.string({ maxLength: 2000 }),
    fc.integer({ min: 0, max: 100_000 }).map(bytes => page.repeat(30).slice(0, bytes)),
  )
  let count = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 8 }),
      fc.boolean(),
      fc.constantFrom(...encodings),
      fc.constantFrom(...clients),
      async (parts, known, encoding, client) => {
        const path = `/${++count}`
        const pieces = parts.map(part => Buffer.from(part as string))
        answers.set(path, { pieces, known })
        const answer = await client.send({ path, headers: { 'accept-encoding': encoding } })
        assert.deepEqual(decoded(answer.body, answer.headers['content-encoding']), Buffer.concat(pieces))
      },
    ),
    { numRuns: 60 },
  )
})
