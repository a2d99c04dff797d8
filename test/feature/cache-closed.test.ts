import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { send } from '../support/client.ts'
import { freePort } from '../support/process.ts'
import { yamlOf } from '../support/resources.ts'
import { Served } from '../support/served.ts'
import { ofGateway, ofRoute, site, trafficPolicy } from '../support/traffic.ts'
import { TestUpstream } from '../support/upstream.ts'

type Answering = (request: IncomingMessage, response: ServerResponse) => void

async function start(answer: Answering, cache: object, target = ofGateway) {
  const upstream = await TestUpstream.start(answer)
  const port = await freePort()
  const served = await Served.start({
    'site.yaml': site([port], upstream.port),
    'cache.yaml': yamlOf(trafficPolicy('pages', target, { cache })),
  })
  const stop = async (): Promise<void> => {
    await served[Symbol.asyncDispose]()
    await upstream[Symbol.asyncDispose]()
  }
  return { port, served, [Symbol.asyncDispose]: stop }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await setImmediate()
}

/** A secret is kept, and given from what is kept. */
async function startKept(target = ofGateway) {
  const at = await start(
    (_, response) => {
      response.writeHead(200, { 'Cache-Control': 'public, max-age=60' })
      response.end('secret')
    },
    { staleIfError: '1h' },
    target,
  )
  const get = () => send(at.port, { path: '/r/a', headers: {} })
  await until(async () => String((await get()).headers['cache-status']).includes('hit'))
  const isClosed = async (): Promise<void> => {
    for (let i = 0; i < 8; i++) assert.equal((await get()).status, 500)
  }
  return { ...at, isClosed }
}

/** Of a program that is not here: what it is for is closed. */
const firewall = (targetRef: object): string =>
  yamlOf({
    apiVersion: 'waf.example/v1',
    kind: 'FirewallPolicy',
    metadata: { name: 'waf' },
    spec: { targetRefs: [targetRef] },
  })

suite('what is kept is no way around', () => {
  test('a route that is closed: neither what is fresh nor what is stale is given', async () => {
    await using at = await startKept()
    await at.served.change('waf.yaml', firewall({ group: 'gateway.networking.k8s.io', ...ofRoute }))
    await at.isClosed()
  })

  for (const target of [ofGateway, ofRoute])
    test(`a route whose only backend is closed, by a cache of the ${target.kind}`, async () => {
      await using at = await startKept(target)
      await at.served.change('waf.yaml', firewall({ group: 'portcullis.dev', kind: 'Backend', name: 'up' }))
      await at.isClosed()
    })

  test('a route whose reference is refused gives nothing that is kept', async () => {
    await using at = await startKept(ofRoute)
    await at.served.change(
      'site.yaml',
      site([at.port], 1).replace('"kind":"Backend","name":"up"', '"kind":"Backend","name":"gone"'),
    )
    await at.isClosed()
  })

  test('a condition of a client that wants nothing stored confirms nothing', async () => {
    let version = 1
    await using at = await start(
      ({ headers }, response) => {
        if (headers['if-none-match'] === '*') return void response.writeHead(304, { ETag: '"v2"' }).end()
        response.writeHead(200, {
          'Cache-Control': 'max-age=60',
          Age: version === 1 ? '70' : '0',
          ETag: '"v1"',
        })
        response.end(`version ${version}`)
      },
      {},
      ofRoute,
    )
    for (let i = 0; i < 4; i++) await send(at.port, { path: '/r/a', headers: {} })
    version = 2
    const impatient = { 'Cache-Control': 'no-store', 'If-None-Match': '*' }
    for (let i = 0; i < 4; i++)
      assert.equal((await send(at.port, { path: '/r/a', headers: impatient })).status, 304)
    assert.equal((await send(at.port, { path: '/r/a', headers: {} })).body, 'version 2')
  })

  test('those who wait and leave leave nothing that others wait for', async () => {
    const held: ServerResponse[] = []
    let holds = true
    await using at = await start(
      (_, response) => {
        if (holds) return void held.push(response)
        response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('here')
      },
      { collapseTimeout: '1h' },
      ofRoute,
    )
    const clients = Array.from({ length: 12 }, () => {
      const client = ask({ port: at.port, path: '/r/a', agent: false })
      client.on('error', () => {})
      client.end()
      return client
    })
    await Promise.all(clients.map(client => once(client, 'socket')))
    await until(() => held.length > 0)
    for (const client of clients.toReversed()) client.destroy()
    await until(() => held.every(({ destroyed }) => destroyed))
    holds = false
    for (let i = 0; i < 8; i++)
      assert.equal((await send(at.port, { path: '/r/a', headers: {} })).body, 'here')
  })
})
