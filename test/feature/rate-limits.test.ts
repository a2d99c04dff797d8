import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { send, type Answer } from '../support/client.ts'
import { freePort } from '../support/process.ts'
import { yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { hourly, ofGateway, ofRoute, site, trafficPolicy, type Targeted } from '../support/traffic.ts'
import { TestUpstream } from '../support/upstream.ts'

// Two workers on real sockets, each request on a connection of its own: the kernel gives some to each.

const limits = (
  targets: Targeted | readonly Targeted[],
  rateLimits: readonly object[],
  more: object = {},
): string => yamlOf(trafficPolicy('limits', targets, { rateLimits, ...more }))

const from = (address: string, path = '/r'): { path: string; headers: Record<string, string> } => ({
  path,
  headers: { 'X-Forwarded-For': address },
})

/** Asks so often, a few at a time, and tells how many were answered by each status. */
async function ask(times: number, one: (i: number) => Promise<Answer>): Promise<Record<number, number>> {
  const counts: Record<number, number> = {}
  let next = 0
  const client = async (): Promise<void> => {
    for (let i = next++; i < times; i = next++) {
      const { status } = await one(i)
      counts[status] = (counts[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: 6 }, client))
  return counts
}

suite('rate limits', () => {
  test('are exact for the workers together, and a client has one limit on all ports and through all reloads', async () => {
    await using upstream = await TestUpstream.start()
    const ports = [await freePort(), await freePort()]
    await using served = await Served.start({
      'site.yaml': site(ports, upstream.port),
      'limits.yaml': limits(ofRoute, [hourly(60)]),
    })
    const both = (i: number): Promise<Answer> => send(ports[i % 2]!, from('192.0.2.1'))
    assert.deepEqual(await ask(40, both), { 200: 40 })
    await served.change('limits.yaml', limits(ofRoute, [hourly(60)], { except: [{ methods: ['PUT'] }] }))
    assert.deepEqual(await ask(40, both), { 200: 20, 429: 20 })
    assert.deepEqual(await ask(2, () => send(ports[0]!, from('192.0.2.2'))), { 200: 2 })
    // A worker that takes the place of another knows what was counted.
    await served.workers.replace(served.workers.ids[0]!)
    assert.deepEqual(await ask(10, both), { 429: 10 })
  })

  test('say to the client what there is, and what there is not', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    await using _served = await Served.start({
      'site.yaml': site([port], upstream.port),
      'limits.yaml': limits(ofRoute, [
        hourly(100, { name: 'hour' }),
        { name: 'second', requests: 1, unit: 'Hour', burst: 2 },
      ]),
    })
    const first = await send(port, from('192.0.2.1'))
    assert.equal(first.headers['ratelimit-policy'], '"hour";q=100;w=3600, "second";q=2;w=7200')
    assert.equal(first.headers['ratelimit'], '"hour";r=99;t=36, "second";r=1;t=3600')
    await send(port, from('192.0.2.1'))
    const third = await send(port, from('192.0.2.1'))
    assert.equal(third.status, 429)
    assert.equal(third.headers['content-type'], 'application/problem+json')
    assert.equal(third.headers['retry-after'], '3600')
    assert.match(String(third.headers['ratelimit']), /^"hour";r=98;t=7\d, "second";r=0;t=3600$/)
    const { exchange, ...problem } = JSON.parse(third.body) as Record<string, unknown>
    assert.equal(exchange, third.headers['x-request-id'] ?? exchange)
    assert.deepEqual(problem, {
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      title: 'Too many requests',
      status: 429,
      reason: 'rate_limited',
      'violated-policies': ['second'],
    })
  })

  test('one who has thousands of networks leaves his neighbour the limit that he has', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    await using _served = await Served.start({
      'site.yaml': site([port], upstream.port),
      'limits.yaml': limits(ofRoute, [hourly(10)]),
    })
    const neighbour = (): Promise<Answer> => send(port, from('198.51.100.1'))
    assert.deepEqual(await ask(6, neighbour), { 200: 6 })
    const network = (i: number): Promise<Answer> =>
      send(port, from(`2001:db8:${(i >> 8).toString(16)}:${(i & 255).toString(16)}::1`))
    assert.deepEqual(await ask(600, network), { 200: 600 })
    assert.deepEqual(await ask(8, neighbour), { 200: 4, 429: 4 })
    // Of one /64, all are one.
    const host = (i: number): Promise<Answer> => send(port, from(`2001:db8:ffff:1::${(i + 1).toString(16)}`))
    assert.deepEqual(await ask(15, host), { 200: 10, 429: 5 })
  })

  test('of a Gateway are for what no route takes too, and together with those of a route', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    await using _served = await Served.start({
      'site.yaml': site([port], upstream.port),
      'gateway.yaml': limits(ofGateway, [hourly(10, { name: 'gateway' })]),
      'route.yaml': yamlOf(trafficPolicy('route', ofRoute, { rateLimits: [hourly(3, { name: 'route' })] })),
    })
    assert.deepEqual(await ask(4, () => send(port, from('192.0.2.1', '/nowhere'))), { 404: 4 })
    // Those that the route refuses take nothing of the Gateway's limit.
    assert.deepEqual(await ask(20, () => send(port, from('192.0.2.1'))), { 200: 3, 429: 17 })
    assert.deepEqual(await ask(10, () => send(port, from('192.0.2.1', '/nowhere'))), { 404: 3, 429: 7 })
  })

  test('of one policy at a Gateway and a route of it are one, and leave out what they except', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    const except = [{ paths: [{ value: '/r/health' }] }]
    await using _served = await Served.start({
      'site.yaml': site([port], upstream.port),
      'limits.yaml': limits([ofGateway, { ...ofRoute, sectionName: 'all' }], [hourly(10)], { except }),
    })
    assert.deepEqual(await ask(12, () => send(port, from('192.0.2.1', '/r/health'))), { 200: 12 })
    assert.deepEqual(await ask(12, () => send(port, from('192.0.2.1'))), { 200: 10, 429: 2 })
    assert.deepEqual(await ask(2, () => send(port, from('192.0.2.1', '/r/health/../x'))), { 429: 2 })
  })

  test('a policy that is broken keeps its last good version, and one that never was good closes what it is for', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    const broken = limits(ofRoute, [hourly(2)]).replace('"Hour"', '"Day"')
    await using served = await Served.start({
      'site.yaml': site([port], upstream.port),
      'limits.yaml': limits(ofRoute, [hourly(2)]),
    })
    assert.deepEqual(await ask(1, () => send(port, from('192.0.2.1'))), { 200: 1 })
    await served.change('limits.yaml', broken)
    assert.deepEqual(await ask(2, () => send(port, from('192.0.2.1'))), { 200: 1, 429: 1 })
    await served.change('limits.yaml', '')
    assert.deepEqual(await ask(4, () => send(port, from('192.0.2.1'))), { 200: 4 })
    await served.change('limits.yaml', broken)
    const closed = await send(port, from('192.0.2.1'))
    assert.equal(closed.status, 500)
    assert.match(closed.body, /protection_missing/)
  })
})
