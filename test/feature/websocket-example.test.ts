import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { Example, exampleFile } from '../support/example.ts'
import { run } from '../support/tls.ts'

// What it tells people to try.
suite('the example of WebSocket', () => {
  let example: Example

  before(async () => {
    example = await Example.start('websocket')
  })

  after(async () => {
    await example.stop()
    // One line a WebSocket, one by each version.
    for (const version of ['1.1', '2'])
      assert.match(
        example.output,
        new RegExp(`"http.response.status_code":101,"network.protocol.version":"${version}"`),
      )
  })

  test('two hear each other, one by HTTP/1.1 and one by HTTP/2', async () => {
    const text = await run(process.execPath, [
      exampleFile('websocket/client.ts'),
      '--port',
      String(example.gateway),
    ])
    for (const line of [
      'Ada hears: Bob is in the kitchen',
      'Bob hears: Ada: hello by HTTP/1.1',
      'Ada hears: Bob: hello by HTTP/2',
      'Ada hears: Bob has left',
    ])
      assert.ok(text.includes(`${line}\n`), `${text}\n${example.output}`)
  })

  test('who does not ask for a WebSocket is told so', async () => {
    assert.equal((await send(example.gateway, { path: '/room' })).status, 426)
  })
})
