import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { EchoClient, EchoServer, statusOf, type Message } from '../support/grpc.ts'
import { startGateway } from '../support/gateway.ts'
import { grpcBackend, grpcRoute } from '../support/grpc-gateway.ts'
import { clientPolicy } from '../support/policies.ts'
import { RawClient } from '../support/raw.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

test('a conversation may be silent for longer than a body', async () => {
  await using server = await EchoServer.start()
  await using patient = await TestUpstream.start(() => {})
  await using running = await startGateway(
    yamlOf(
      gateway([{ name: 'grpc' }, { name: 'web', port: 81 }]),
      clientPolicy({ timeouts: { bodyIdle: '1s' } }),
      grpcRoute('grpc', {
        parentRefs: [{ name: 'gw', sectionName: 'grpc' }],
        rules: [{ backendRefs: [to('up')] }],
      }),
      grpcBackend('up', [server.port]),
      httpRoute('web', {
        parentRefs: [{ name: 'gw', sectionName: 'web' }],
        rules: [{ backendRefs: [to('web')] }],
      }),
      backend('web', [patient.port]),
    ),
  )
  using client = new EchoClient(running.port(80))
  const call = client.chat()
  const status = statusOf(call)
  call.write({ text: 'a' })
  await once(call, 'data')
  await using other = await RawClient.to(running.port(81))
  other.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
  // It was silent for less than the call.
  await other.until(/^HTTP\/1\.1 408 /)
  call.write({ text: 'b' })
  const answer = once(call, 'data').then(([message]: Message[]) => message?.text)
  assert.equal(await Promise.race([answer, status.then(({ details }) => details)]), 'b')
  call.end()
  assert.equal((await status).code, 0)
})
