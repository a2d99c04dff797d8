import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { send, type Answer } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { plain } from '../support/policies.ts'
import { freePort } from '../support/process.ts'
import { yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { hourly, ofGateway, ofRoute, site, trafficPolicy } from '../support/traffic.ts'
import { TestUpstream } from '../support/upstream.ts'

const from = (port: number, address: string, path = '/r'): Promise<Answer> =>
  send(port, { path, headers: { 'X-Forwarded-For': address } })

suite('address lists', () => {
  test('refuse by the address that trusted proxies tell, each policy for itself', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    await using _served = await Served.start({
      'site.yaml': site([port], upstream.port),
      'far.yaml': yamlOf(
        trafficPolicy('far', ofGateway, { addresses: { deny: ['203.0.113.0/24', '2001:db8:bad::/48'] } }),
      ),
      'near.yaml': yamlOf(
        trafficPolicy('near', ofRoute, { addresses: { allow: ['203.0.113.7', '10.0.0.0/8'] } }),
      ),
    })
    for (const [address, path, status] of [
      ['10.1.2.3', '/r', 200],
      // The nearer policy cannot take back what the farther one denies.
      ['203.0.113.7', '/r', 403],
      ['203.0.113.7', '/nowhere', 403],
      ['2001:db8:bad::1', '/nowhere', 403],
      ['192.0.2.1', '/r', 403],
      ['192.0.2.1', '/nowhere', 404],
    ] as const) {
      const answer = await from(port, address, path)
      assert.equal(answer.status, status, `${address} ${path}`)
      if (status === 403) assert.match(answer.body, /address_denied/)
    }
  })

  test('come before limits, which those who may not come cannot use up', async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    const rateLimits = [hourly(1, { by: 'All' })]
    await using _served = await Served.start({
      'site.yaml': site([port], upstream.port),
      'far.yaml': yamlOf(trafficPolicy('far', ofGateway, { rateLimits })),
      'near.yaml': yamlOf(trafficPolicy('near', ofRoute, { addresses: { allow: ['10.0.0.0/8'] } })),
    })
    for (let i = 0; i < 5; i++) assert.equal((await from(port, '192.0.2.1')).status, 403)
    assert.equal((await from(port, '10.0.0.1')).status, 200)
    assert.equal((await from(port, '10.0.0.1')).status, 429)
  })
})

test('who has reset the connection before it is accepted is nobody whose requests are taken', async () => {
  await using upstream = await TestUpstream.start()
  await using portcullis = await startGateway(plain(upstream.port))
  const request = 'POST /fired HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n'
  const fire = `require('net').connect(${portcullis.port()}, '127.0.0.1', function () {
    this.write(${JSON.stringify(request)}, () => this.resetAndDestroy())
  })`
  // Nobody accepts as long as this thread waits.
  for (let i = 0; i < 3; i++) execFileSync(process.execPath, ['-e', fire])
  // A connection that comes after them is accepted after them.
  assert.equal((await send(portcullis.port(), { path: '/last' })).status, 200)
  await portcullis.line(line => line['url.path'] === '/last')
  assert.deepEqual(
    portcullis.lines.map(line => line['url.path']),
    ['/last'],
  )
})
