import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { startGateway } from '../support/gateway.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { ofGateway, ofRoute, trafficPolicy } from '../support/traffic.ts'
import { TestUpstream } from '../support/upstream.ts'

const html = { Accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' }

function site(up: number, down: number, ...policies: readonly object[]): string {
  return yamlOf(
    gateway(),
    httpRoute('r', {
      rules: [
        { name: 'down', matches: [prefix('/down')], backendRefs: [to('down')] },
        { name: 'all', matches: [prefix('/r')], backendRefs: [to('up')] },
      ],
    }),
    backend('up', [up]),
    backend('down', [down]),
    ...policies,
  )
}

suite('answers of the gateway itself', () => {
  test('have the form that their owner wants and the client takes, and a backend keeps its own', async () => {
    await using upstream = await TestUpstream.start((_, response) => {
      response.writeHead(503, { 'Content-Type': 'text/plain' }).end('of the backend')
    })
    const errors = [
      { statuses: [502], html: '<h1>{status}</h1>{exchange}', json: '{"code": {status}, "why": "{reason}"}' },
      { text: 'error {status}: {title}' },
    ]
    const pages = trafficPolicy('pages', ofGateway, { localReplies: { errors } })
    await using running = await startGateway(site(upstream.port, await freePort(), pages))
    const port = running.port(80)
    const down = await send(port, { path: '/down', headers: html })
    assert.equal(down.status, 502)
    assert.match(down.body, /^<h1>502<\/h1>[\w-]+$/)
    assert.equal(down.headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(down.headers['cache-control'], 'no-store')
    const program = await send(port, { path: '/down' })
    assert.deepEqual(JSON.parse(program.body), { code: 502, why: 'connection_refused' })
    assert.equal(program.headers['content-type'], 'application/json')
    const problem = await send(port, { path: '/down', headers: { Accept: 'application/problem+json' } })
    assert.equal(problem.headers['content-type'], 'application/problem+json')
    const nowhere = await send(port, { path: '/nowhere' })
    assert.deepEqual([nowhere.status, nowhere.body], [404, 'error 404: No route matches the request'])
    assert.equal((await send(port, { path: '/r' })).body, 'of the backend')
    const head = await send(port, { path: '/down', method: 'HEAD', headers: html })
    assert.deepEqual([head.status, head.body], [502, ''])
  })

  test('of maintenance are for all but what is left out, and the nearest policy counts', async () => {
    await using upstream = await TestUpstream.start()
    const off = trafficPolicy('off', ofRoute, {
      localReplies: {
        maintenance: { retryAfter: '10m' },
        errors: [{ statuses: [503], html: '<p>back soon' }],
      },
      except: [{ paths: [{ type: 'PathPrefix', value: '/r/health' }] }],
    })
    const pages = trafficPolicy('pages', ofGateway, { localReplies: { errors: [{ html: '<p>other' }] } })
    await using running = await startGateway(site(upstream.port, await freePort(), off, pages))
    const port = running.port(80)
    const { status, body, headers } = await send(port, { path: '/r', headers: html })
    assert.deepEqual([status, body, headers['retry-after']], [503, '<p>back soon', '600'])
    assert.equal((await send(port, { path: '/r/health' })).status, 200)
    const other = await send(port, { path: '/nowhere', headers: html })
    assert.deepEqual([other.status, other.body], [404, '<p>other'])
    const line = await running.line(({ 'http.response.status_code': code }) => code === 503)
    assert.equal(line['portcullis.failure'], 'maintenance')
  })

  test('count field by field: what a route says hides nothing else that its Gateway says', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('of the backend'))
    const closed = trafficPolicy('closed', ofGateway, {
      localReplies: { maintenance: { retryAfter: '90s' }, errors: [{ text: 'of the Gateway: {status}' }] },
      except: [{ paths: [{ type: 'PathPrefix', value: '/r/open' }] }],
    })
    const pages = trafficPolicy('pages', ofRoute, {
      localReplies: { errors: [{ text: 'of the route: {status}' }] },
    })
    await using running = await startGateway(site(upstream.port, await freePort(), closed, pages))
    const ask = (path: string) => send(running.port(80), { path, headers: { Accept: 'text/plain' } })
    const { status, body, headers } = await ask('/r/a')
    assert.deepEqual([status, body, headers['retry-after']], [503, 'of the route: 503', '90'])
    // Where the Gateway's policy leaves a request out, what the route says is all there is.
    assert.equal((await ask('/r/open')).body, 'of the backend')
    assert.equal((await ask('/elsewhere')).body, 'of the Gateway: 503')
  })
})
