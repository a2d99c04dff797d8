import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { startGateway } from '../support/gateway.ts'
import { messages, status } from '../support/messages.ts'
import { RawClient } from '../support/raw.ts'
import { gateway as gatewayOf, yamlOf } from '../support/resources.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const many = 6000

suite('a client that pipelines requests which are answered here', () => {
  test('lets others have their turn, and gets every answer', async () => {
    await using gateway = await startGateway(yamlOf(gatewayOf()))
    await using greedy = await RawClient.to(gateway.port())
    await using other = await RawClient.to(gateway.port())
    greedy.write(get('/greedy').repeat(many))
    await greedy.until(/404/)
    other.write(get('/other'))
    await other.until(/404/)
    await gateway.line(line => line['url.path'] === '/other')
    const before = gateway.lines.findIndex(line => line['url.path'] === '/other')
    assert.ok(before < 1000, `${before} requests of the other client came first`)
    const text = await greedy.until(
      received => received.split('\r\n\r\n{').length > many && received.endsWith('}\n'),
    )
    assert.deepEqual(new Set(messages(text).map(status)), new Set([404]))
  })

  test('is answered to the end also when it ends its direction, or the gateway is drained', async () => {
    for (const end of ['client', 'drain'] as const) {
      const gateway = await startGateway(yamlOf(gatewayOf()))
      await using greedy = await RawClient.to(gateway.port())
      greedy.write(get('/').repeat(200))
      await greedy.until(/404/)
      if (end === 'client') greedy.socket.end()
      const drained = gateway[Symbol.asyncDispose]()
      await greedy.closed()
      greedy.socket.end()
      await drained
      const answers = messages(greedy.text)
      assert.ok(answers.length > 0 && answers.every(answer => status(answer) === 404))
    }
  })
})
