import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ConnectionOptions } from 'node:tls'
import { Authority, tlsSecret, type KeyPair } from '../support/certificates.ts'
import { seenBy } from '../support/client.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { requirePeer } from '../support/peer.ts'
import { clientPolicy } from '../support/policies.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { ask, askOnce, failureOf, httpsListener, run, secure } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

const authority = await Authority.make()
const ecdsa = await authority.issue({ names: ['a.example'] })
const rsa = await authority.issue({ names: ['a.example'], key: 'rsa' })

function yaml(upstream: TestUpstream, pairs: readonly KeyPair[], client?: object): string {
  const names = pairs.map((_, i) => `pair${i}`)
  return yamlOf(
    gateway([httpsListener('https', names)]),
    ...pairs.map((pair, i) => tlsSecret(names[i]!, pair)),
    httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
    backend('up', [upstream.port]),
    ...(client === undefined ? [] : [clientPolicy(client)]),
  )
}

async function serving(
  work: (gateway: TestGateway, upstream: TestUpstream) => Promise<void>,
  pairs: readonly KeyPair[] = [ecdsa],
  client?: object,
): Promise<void> {
  await using upstream = await TestUpstream.start()
  await using started = await startGateway(yaml(upstream, pairs, client))
  await work(started, upstream)
}

const trust = { ca: authority.root, servername: 'a.example' }

test('a request over TLS reaches its upstream as https', () =>
  serving(async started => {
    const answer = await askOnce(started.port(443), 'a.example', trust)
    assert.equal(answer.status, 200)
    assert.deepEqual(seenBy({ ...answer, headers: {}, distinct: {} }, 'x-forwarded-proto'), ['https'])
    const line = await started.line(one => one['http.response.status_code'] === 200)
    assert.equal(line['portcullis.listener'], 'default/gw/https')
  }))

/** Each row: what the client offers, and the version and suite that come of it, or how it is refused. */
for (const [what, options, expected] of [
  ['anything', {}, 'TLSv1.3 TLS_AES_128_GCM_SHA256'],
  ['TLS 1.2 at most', { maxVersion: 'TLSv1.2' }, 'TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256'],
  ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }, 'refused'],
  ['a suite with CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }, 'refused'],
  ['a suite without forward secrecy', { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }, 'refused'],
  ['protocols without one of ours', { ALPNProtocols: ['spdy/3'] }, 'refused'],
] as const satisfies readonly (readonly [string, ConnectionOptions, string])[])
  test(`a client that offers ${what}: ${expected}`, () =>
    serving(async started => {
      if (expected === 'refused')
        return assert.match(
          await failureOf(started.port(443), 'a.example', { ...trust, ...options }),
          /ALERT/,
        )
      const answer = await askOnce(started.port(443), 'a.example', { ...trust, ...options })
      assert.equal(`${answer.protocol} ${answer.suite}`, expected)
      assert.equal(answer.alpn, 'http/1.1')
    }))

test('of an RSA and an ECDSA certificate, each client gets the one that it understands', () =>
  serving(
    async started => {
      const ciphers = (type: string): ConnectionOptions => ({
        ...trust,
        maxVersion: 'TLSv1.2',
        ciphers: `ECDHE-${type}-AES128-GCM-SHA256`,
      })
      for (const [type, key] of [
        ['RSA', 'rsa'],
        ['ECDSA', 'ec'],
      ] as const) {
        const { keyType } = await askOnce(started.port(443), 'a.example', ciphers(type))
        assert.equal(keyType, key)
      }
    },
    [rsa, ecdsa],
  ))

test('a policy narrows versions and suites', () =>
  serving(
    async started => {
      const port = started.port(443)
      assert.match(
        await failureOf(port, 'a.example', { ...trust, maxVersion: 'TLSv1.2' }),
        /ALERT_PROTOCOL_VERSION/,
      )
      const { suite } = await askOnce(port, 'a.example', trust)
      assert.equal(suite, 'TLS_CHACHA20_POLY1305_SHA256')
    },
    [ecdsa],
    { tls: { minVersion: 'TLS1.3', ciphers: ['TLS_CHACHA20_POLY1305_SHA256'] } },
  ))

/** Each row: the groups of the policy or none, and what comes of those that a client of either version offers. */
for (const [groups, ...expected] of [
  [undefined, 'X25519MLKEM768', 'X25519', 'P-256', 'P-384', 'refused', 'refused', 'refused'],
  [['P-521', 'secp256r1'], 'refused', 'refused', 'P-256', 'refused', 'P-521', 'refused', 'refused'],
  [['ffdhe3072', 'X25519'], 'refused', 'X25519', 'refused', 'refused', 'refused', 'ffdhe3072', 'refused'],
] as const)
  test(`with groups ${String(groups ?? 'as they are')}, clients of one group get ${expected.join(', ')}`, () =>
    serving(
      async started => {
        const offered = ['X25519MLKEM768', 'X25519', 'P-256', 'P-384', 'P-521', 'ffdhe3072', 'X448']
        for (const [i, ecdhCurve] of offered.entries())
          for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
            // TLS 1.2 has no such group, and cannot refuse a client for it that has others.
            if (maxVersion === 'TLSv1.2' && /MLKEM|ffdhe/.test(ecdhCurve)) continue
            const options = { ...trust, ecdhCurve, maxVersion }
            const failure = await failureOf(started.port(443), 'a.example', options)
            if (expected[i] === 'refused') assert.match(failure, /ALERT/, `${maxVersion} ${ecdhCurve}`)
            else assert.equal(failure, 'none', `${maxVersion} ${ecdhCurve}`)
          }
      },
      [rsa],
      groups && { tls: { groups } },
    ))

test('a client whose first guess is one of ours is not asked for another', () =>
  serving(async started => {
    const socket = await secure(started.port(443), { ...trust, ecdhCurve: 'X25519:P-256:X25519MLKEM768' })
    assert.match(JSON.stringify(socket.getEphemeralKeyInfo()), /"X25519"/)
    socket.destroy()
  }))

test('openssl s_client is offered no group that costs a multiple', async t => {
  const openssl = requirePeer(t, 'openssl')
  if (openssl === null) return
  await serving(async started => {
    for (const [groups, expected] of [
      ['P-521:ffdhe3072', /alert handshake failure/],
      ['P-521:P-384', /Server Temp Key: ECDH, (P-384|secp384r1), 384 bits/],
      ['P-521:X25519', /Server Temp Key: X25519, 253 bits/],
    ] as const) {
      const to_ = ['s_client', '-connect', `127.0.0.1:${started.port(443)}`, '-servername', 'a.example']
      assert.match(await run(openssl, [...to_, '-groups', groups]), expected, groups)
    }
  })
})

test('no client may shake hands again on its connection', () =>
  serving(async started => {
    const socket = await secure(started.port(443), { ...trust, maxVersion: 'TLSv1.2' })
    const refused = new Promise<string>(resolve => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
      socket.renegotiate({ rejectUnauthorized: false }, error => error !== null && resolve(String(error)))
    })
    assert.match(await refused, /RENEGOTIATION|ALERT|NO_RENEGOTIATION/)
    socket.destroy()
  }))

test('what is not TLS is refused by an alert, and told of in the access log', () =>
  serving(async started => {
    await using client = await RawClient.to(started.port(443))
    client.write('SSH-2.0-OpenSSH_9.2\r\n')
    await client.closed()
    assert.equal(Buffer.from(client.text, 'latin1').toString('hex'), '15030300020232')
    const line = await started.line(one => one['portcullis.rejection'] === 'tls_client_hello')
    assert.equal(line['client.address'], '127.0.0.1')
    assert.match(started.metrics(), /portcullis_rejections_total\{rule="tls_client_hello"\} 1/)
  }))

test('a request that came without TLS is answered by what to do, and told of', () =>
  serving(async started => {
    for (const line of ['GET / HTTP/1.1', 'POST http://a.example/ HTTP/1.1']) {
      const text = await RawClient.exchange(started.port(443), `${line}\r\nHost: a.example\r\n\r\n`)
      assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/)
      assert.match(text, /Content-Type: application\/problem\+json/)
      assert.match(text, /"detail":"This port takes HTTPS,[^"]+https:\/\/ in front\."/)
    }
    const line = await started.line(one => one['portcullis.rejection'] === 'tls_plain_request')
    assert.equal(line['client.address'], '127.0.0.1')
  }))

test('a connection that never says anything is counted, and ended when its time is over', () =>
  serving(
    async started => {
      const socket = connectPlain(started.port(443), '127.0.0.1')
      await once(socket, 'connect')
      socket.write(Buffer.from([22, 3, 1]))
      await once(socket, 'close')
      await started.line(one => one['portcullis.rejection'] === 'tls_handshake_timeout')
      assert.match(started.metrics(), /portcullis_downstream_connections_active\{port="\*:443"\} 0/)
      assert.match(started.metrics(), /portcullis_downstream_connections_total\{port="\*:443"\} 1/)
    },
    [ecdsa],
    { timeouts: { head: '50ms' } },
  ))

test('bodies of any size pass both ways', () =>
  serving(async started => {
    for (const bytes of [0, 1, 20_000, 5_000_000]) {
      const socket = await secure(started.port(443), trust)
      const body = 'x'.repeat(bytes)
      let text = ''
      socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
      socket.write(
        `POST / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n${body}`,
      )
      await once(socket, 'end')
      assert.match(text, /^HTTP\/1\.1 200 OK/)
      assert.ok(text.includes(`"body":"${body}"`))
      socket.destroy()
    }
  }))

test('both ends take their leave with close_notify', () =>
  serving(async started => {
    const socket = await secure(started.port(443), trust)
    const { status } = await ask(socket, 'a.example', 'Connection: close\r\n')
    assert.equal(status, 200)
    // Without close_notify this would be an error, or `close` alone.
    if (!socket.readableEnded) await once(socket, 'end')
    socket.end()
    await once(socket, 'close')
  }))

test('openssl s_client verifies the certificate and gets an answer', async t => {
  const openssl = requirePeer(t, 'openssl')
  if (openssl === null) return
  await serving(async started => {
    const args = [
      's_client',
      '-connect',
      `127.0.0.1:${started.port(443)}`,
      '-servername',
      'a.example',
      '-ign_eof',
    ]
    const said = await run(openssl, args, 'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n')
    assert.match(said, /subject=CN = a\.example/)
    assert.match(said, /New, TLSv1\.3, Cipher is TLS_AES_128_GCM_SHA256/)
    assert.match(said, /HTTP\/1\.1 200 OK/)
    assert.match(said, /Early data was not sent/)
    assert.doesNotMatch(said, /Max Early Data: [1-9]/)
  })
})

test('openssl s_client may not shake hands again, and nobody else notices', async t => {
  const openssl = requirePeer(t, 'openssl')
  if (openssl === null) return
  await serving(async started => {
    const args = [
      's_client',
      '-connect',
      `127.0.0.1:${started.port(443)}`,
      '-servername',
      'a.example',
      '-tls1_2',
    ]
    const neighbour = await secure(started.port(443), trust)
    // In its interactive mode a line R asks for another handshake.
    const said = await run(openssl, args, 'R\n')
    assert.match(said, /RENEGOTIATING/)
    assert.match(said, /no renegotiation|alert number 100/i)
    assert.equal((await ask(neighbour, 'a.example')).status, 200)
    neighbour.destroy()
  })
})

test('openssl s_client resumes its session, and has no early data taken', async t => {
  const openssl = requirePeer(t, 'openssl')
  if (openssl === null) return
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-openssl-'))
  const [kept, early] = [join(folder, 'session.pem'), join(folder, 'early')]
  const request = 'GET /early HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n'
  writeFileSync(early, request)
  try {
    await serving(async started => {
      const args = [
        's_client',
        '-connect',
        `127.0.0.1:${started.port(443)}`,
        '-servername',
        'a.example',
        '-ign_eof',
      ]
      assert.match(await run(openssl, [...args, '-sess_out', kept], request), /^New, TLSv1\.3/m)
      const said = await run(openssl, [...args, '-sess_in', kept, '-early_data', early], request)
      assert.match(said, /^Reused, TLSv1\.3/m)
      assert.match(said, /Early data was not sent/)
      assert.equal(said.match(/HTTP\/1\.1 200 OK/g)?.length, 1)
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('curl verifies the certificate and gets an answer', async t => {
  const curl = requirePeer(t, 'curl')
  if (curl === null) return
  await serving(async started => {
    const port = started.port(443)
    const folder = mkdtempSync(join(tmpdir(), 'portcullis-curl-'))
    try {
      writeFileSync(join(folder, 'ca.pem'), authority.root)
      const target = `https://a.example:${port}/`
      const said = await run(curl, [
        '-sv',
        '--cacert',
        join(folder, 'ca.pem'),
        '--resolve',
        `a.example:${port}:127.0.0.1`,
        target,
        target,
      ])
      assert.match(said, /SSL certificate verify ok/)
      assert.match(said, /ALPN: server accepted h2/)
      assert.match(said, /Re-using existing connection/)
      assert.equal(said.match(/< HTTP\/2 200/g)?.length, 2)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
