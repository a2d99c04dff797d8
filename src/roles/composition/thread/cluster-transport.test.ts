import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CallFailure } from '../../../composition/calls/failure.ts'
import { TestUpstream } from '../../../../test/support/upstream.ts'
import { callOf, ThreadWithin } from '../../../../test/support/within.ts'

const fails = (failure: string) => (error: unknown) => {
  assert.ok(error instanceof CallFailure, String(error))
  assert.equal(error.failure, failure)
  return true
}

suite('backends by clusters', () => {
  test('method, target, fields and body go out, status, fields and body come back', async () => {
    await using up = await TestUpstream.start((request, response) => {
      response.writeHead(207, {
        'X-Got': [request.method, request.url, request.headers['x-a'], request.headers.host].join(' '),
        'Set-Cookie': ['a=1', 'b=2'],
      })
      request.pipe(response)
    })
    await using thread = await ThreadWithin.of([up.port])
    const answer = await thread.transport.send(
      callOf({ method: 'POST', target: '/x?y=1', headers: { 'x-a': 'b' }, body: Buffer.from('hello') }),
    )
    assert.equal(answer.status, 207)
    assert.equal(answer.headers['x-got'], 'POST /x?y=1 b a.example')
    assert.equal(answer.headers['set-cookie'], 'a=1, b=2')
    assert.equal(Buffer.from(await answer.body.bytes(100)).toString(), 'hello')
    assert.match(thread.metrics(), /portcullis_upstream_requests_total\{.*cluster="a".*\} 1/)
  })

  test('nobody there is connection_refused', async () => {
    const port = await gone()
    await using thread = await ThreadWithin.of([port])
    await assert.rejects(thread.transport.send(callOf()), fails('connection_refused'))
  })

  test('a backend that nobody knows is destination_not_found', async () => {
    await using thread = await ThreadWithin.of([])
    await assert.rejects(thread.transport.send(callOf({ backend: 'b' })), fails('destination_not_found'))
  })
})

async function gone(): Promise<number> {
  await using up = await TestUpstream.start()
  return up.port
}
