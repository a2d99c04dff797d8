import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { buffer } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { startGateway } from '../support/gateway.ts'
import { clientPolicy } from '../support/policies.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { sharedState } from '../support/shared-state.ts'
import { httpsListener } from '../support/tls.ts'
import { ofRoute, trafficPolicy } from '../support/traffic.ts'
import { TestUpstream } from '../support/upstream.ts'

// What is stored is memory that threads share, which not everything that takes bytes takes.

suite('a stored answer goes every way that others go', () => {
  for (const bytes of [2_000, 300_000])
    test(`${bytes} bytes over TLS and HTTP/2, as they are and compressed`, async () => {
      const body = 'abc '.repeat(bytes / 4)
      let asked = 0
      await using upstream = await TestUpstream.start((_, response) => {
        asked++
        response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/plain' }).end(body)
      })
      const authority = await Authority.make('ours')
      const server = await authority.issue({ names: ['a.example'] })
      await using running = await startGateway(
        yamlOf(
          gateway([httpsListener('secure', ['server'])]),
          tlsSecret('server', server),
          httpRoute('r', { rules: [{ name: 'all', backendRefs: [to('up')] }] }),
          backend('up', [upstream.port]),
          clientPolicy({ compression: {} }),
          trafficPolicy('pages', ofRoute, { cache: {} }),
        ),
        { shared: sharedState() },
      )
      const session = connect(`https://127.0.0.1:${running.port(443)}`, {
        ca: authority.root,
        servername: 'a.example',
      })
      const ask = async (encoding: string): Promise<Buffer> => {
        const stream = session.request({ ':authority': 'a.example', 'accept-encoding': encoding })
        return buffer(stream)
      }
      try {
        for (let i = 0; i < 3; i++) {
          assert.equal((await ask('identity')).toString(), body)
          assert.equal(gunzipSync(await ask('gzip')).toString(), body)
        }
        assert.equal(asked, 1)
      } finally {
        session.close()
      }
    })
})
