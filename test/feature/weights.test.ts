import assert from 'node:assert/strict'
import { test } from 'node:test'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const named = (name: string) =>
  TestUpstream.start((request, response) => {
    request.resume()
    response.end(name)
  })

/** How many of `requests` each backend (by its answer) or status got. */
async function shares(backendRefs: readonly object[], requests: number): Promise<Map<string, number>> {
  await using a = await named('a')
  await using b = await named('b')
  await using portcullis = await startGateway(
    yamlOf(
      gateway(),
      httpRoute('r', { rules: [{ backendRefs }] }),
      backend('a', [a.port]),
      backend('b', [b.port]),
    ),
  )
  const counts = new Map<string, number>()
  for (let i = 0; i < requests; i++) {
    const { status, body } = await send(portcullis.port())
    const who = status === 200 ? body : String(status)
    counts.set(who, (counts.get(who) ?? 0) + 1)
  }
  return counts
}

/** Six standard deviations of a binomial share: beyond them once in five hundred million runs. */
function near(count: number, requests: number, share: number): void {
  const tolerance = 6 * Math.sqrt(requests * share * (1 - share))
  assert.ok(Math.abs(count - requests * share) <= tolerance, `${count} of ${requests}, expected ${share}`)
}

for (const [weights, share] of [
  [[1, 1], 0.5],
  [[3, 1], 0.75],
  [[10, 90], 0.1],
] as const)
  test(`weights ${weights.join(' and ')}`, async () => {
    const refs = [to('a', { weight: weights[0] }), to('b', { weight: weights[1] })]
    const counts = await shares(refs, 600)
    near(counts.get('a') ?? 0, 600, share)
    assert.equal((counts.get('a') ?? 0) + (counts.get('b') ?? 0), 600)
  })

test('the weight is 1 where none is given', async () => {
  near((await shares([to('a'), to('b', { weight: 1 })], 600)).get('a') ?? 0, 600, 0.5)
})

test('a backend of weight 0 gets nothing', async () => {
  assert.deepEqual(await shares([to('a', { weight: 0 }), to('b', { weight: 1 })], 50), new Map([['b', 50]]))
})

test('when all weights are 0 the answer is 500', async () => {
  const refs = [to('a', { weight: 0 }), to('b', { weight: 0 })]
  assert.deepEqual(await shares(refs, 5), new Map([['500', 5]]))
})

// HTTPRouteRule.backendRefs: an invalid reference must be answered 500 for its share, not be left out.
test('the share of an invalid reference is answered 500', async () => {
  const counts = await shares([to('a', { weight: 3 }), to('nobody', { weight: 1 })], 600)
  near(counts.get('500') ?? 0, 600, 0.25)
  assert.equal((counts.get('a') ?? 0) + (counts.get('500') ?? 0), 600)
})

test('an invalid reference of weight 0 harms nobody', async () => {
  assert.deepEqual(await shares([to('a'), to('nobody', { weight: 0 })], 50), new Map([['a', 50]]))
})

test('a rule without backends is answered 500', async () => {
  assert.deepEqual(await shares([], 3), new Map([['500', 3]]))
})
