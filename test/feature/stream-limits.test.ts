import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { startGateway } from '../support/gateway.ts'
import { backendPolicy } from '../support/policies.ts'
import { ok, RawUpstream } from '../support/raw-upstream.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { failureOf, httpsListener, secure } from '../support/tls.ts'

const authority = await Authority.make()
const ours = await authority.issue({ names: ['stream.example'] })
const trust = { ca: authority.root, servername: 'stream.example' }
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`

/** One backend of one connection, for requests on port 80 and for streams on port 443. */
const yaml = (port: number): string =>
  yamlOf(
    gateway([{ name: 'http' }, { ...httpsListener('stream', ['ours']), protocol: 'TLS' }]),
    tlsSecret('ours', ours),
    httpRoute('web', {
      parentRefs: [{ name: 'gw', sectionName: 'http' }],
      rules: [{ backendRefs: [to('up')] }],
    }),
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'TLSRoute',
      metadata: { name: 'stream' },
      spec: {
        parentRefs: [{ name: 'gw', sectionName: 'stream' }],
        hostnames: ['stream.example'],
        rules: [{ backendRefs: [to('up')] }],
      },
    },
    backend('up', [port]),
    backendPolicy({ connections: { max: 1 } }),
  )

suite('a stream has one of the connections that its backend may have', () => {
  test('one that waits for a request makes room for it', async () => {
    await using upstream = await RawUpstream.answering(() => ok('x'))
    await using started = await startGateway(yaml(upstream.port))
    await using client = await RawClient.to(started.port(80))
    client.write(get('/kept'))
    await client.until(/x$/)
    const stream = await secure(started.port(443), trust)
    stream.write(get('/stream'))
    await upstream.until(({ requests }) => requests.length === 2)
    assert.equal(upstream.conversations.length, 2)
    stream.destroy()
  })

  test('where there is none it is refused, and ejects nobody', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using started = await startGateway(yaml(upstream.port))
    await using client = await RawClient.to(started.port(80))
    client.write(get('/busy'))
    await upstream.until(({ requests }) => requests.length === 1)
    assert.notEqual(await failureOf(started.port(443), 'stream.example', trust), 'none')
    const line = await started.line(one => one['server.address'] === 'stream.example')
    assert.equal(line['portcullis.failure'], 'connection_limit_reached')
    assert.doesNotMatch(started.metrics(), /ejections_total\{[^}]*\} [1-9]/)
  })

  test('when it is over a request that waited has it', async () => {
    await using upstream = await RawUpstream.start(() => {})
    await using started = await startGateway(yaml(upstream.port))
    const stream = await secure(started.port(443), trust)
    stream.write(get('/stream'))
    await upstream.until(({ requests }) => requests.length === 1)
    await using client = await RawClient.to(started.port(80))
    client.write(get('/waits'))
    upstream.conversations[0]!.socket.destroy()
    await upstream.until(({ requests }) => requests.length === 2)
    upstream.conversations[1]!.write(ok('x'))
    await client.until(/x$/)
    stream.destroy()
  })
})
