import assert from 'node:assert/strict'
import { test } from 'node:test'
import { h2spec } from '../conformance/h2/h2spec.ts'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { startGateway } from '../support/gateway.ts'
import { requirePeer } from '../support/peer.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { httpsListener } from '../support/tls.ts'
import { TestUpstream } from '../support/upstream.ts'

const authority = await Authority.make()
const pair = await authority.issue({ names: ['a.example'], ips: ['127.0.0.1'] })

/**
 * Each row: what the port speaks, how h2spec is told of it, and the cases that fail. On a plain port, bytes that are
 * no preface are HTTP/1, and are answered as such.
 */
for (const [what, port, flags, exceptions] of [
  ['TLS, h2 by ALPN', 443, ['-t', '-k'], []],
  ['a plain port, h2c with prior knowledge', 80, [], ['3.5/2']],
] as const)
  test(`h2spec --strict through the gateway, ${what}`, async t => {
    const program = requirePeer(t, 'h2spec')
    if (program === null) return
    await using upstream = await TestUpstream.start((request, response) => {
      request.resume().on('end', () => response.end('x'.repeat(200)))
    })
    await using running = await startGateway(
      yamlOf(
        gateway([{ name: 'http' }, httpsListener('https', ['pair'])]),
        tlsSecret('pair', pair),
        httpRoute('all', { rules: [{ backendRefs: [to('up')] }] }),
        backend('up', [upstream.port]),
      ),
    )
    const { tests, passed, failed, text } = await h2spec(program, running.port(port), ...flags)
    assert.deepEqual(failed, exceptions, text)
    assert.equal(passed, tests - exceptions.length)
    assert.ok(passed >= 145, text)
  })
