import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import { Attackers, type Attack } from '../support/attackers.ts'
import type { TestGateway } from '../support/gateway.ts'
import { wireClient, type Asked } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'
import { portFor, startBetween, type Wire } from '../support/wires.ts'

/** More than the buffers of sockets take. */
const large = Buffer.alloc(16 * 1024 * 1024, 'x')

/** `/large` is that; everything else is answered `ok` when the request is here. */
const startBackend = (): Promise<WireServer> =>
  WireServer.start('h1', (request, response) => {
    if (request.url === '/large') return void response.end(large)
    request.resume().on('end', () => response.end('ok'))
  })

const active = (gateway: TestGateway): number =>
  Number(/^portcullis_requests_active (\d+)$/m.exec(gateway.metrics())?.[1] ?? 0)

const stranger = [['X-Forwarded-For', '192.0.2.1']] as const
const neighbour = { 'X-Forwarded-For': '192.0.2.2' }

const uploads: Attack = { method: 'POST', path: '/upload', fields: stranger }
const answers: Attack = { method: 'GET', path: '/large', fields: stranger }

const patience = '300ms'
const ofBackend = (limit: object) => ({ backend: { ...limit, pressure: { patience } } })
const parallel = ofBackend({ circuitBreaker: { maxParallelRequests: 4 } })
const adaptive = ofBackend({ adaptiveConcurrency: { minLimit: 4, maxLimit: 4 } })

const attacks: readonly [limit: string, what: string, Attack, settings: object, reason: string][] = [
  ['maxParallelRequests', 'bodies of which a byte comes', uploads, parallel, 'backend_request_limit_reached'],
  ['maxParallelRequests', 'answers that nobody reads', answers, parallel, 'backend_request_limit_reached'],
  ['adaptiveConcurrency', 'bodies of which a byte comes', uploads, adaptive, 'concurrency_limit_reached'],
]

const asks: readonly Asked[] = [
  { path: '/neighbour' },
  { method: 'POST', path: '/neighbour', body: Buffer.alloc(100_000) },
]

suite('who takes all places of a limit at which nobody waits', { concurrency: 3 }, () => {
  for (const [limit, what, attack, settings, reason] of attacks)
    for (const wire of ['h1', 'h2c'] as const)
      test(`${limit}, with ${what} (${wire}), leaves a neighbour one of them`, async () => {
        await using server = await startBackend()
        await using gateway = await startBetween('h1', server.port, {
          client: { trustedHops: 1 },
          ...settings,
        })
        await using _ = await Attackers.start(wire, portFor(wire, gateway), 4, attack)
        while (active(gateway) < 4) await setImmediate()
        await isRefused(portFor('h1', gateway), reason)
        for (const own of ['h1', 'h2c'] as const)
          for (const asked of asks) await isServed(own, portFor(own, gateway), asked)
        await gateway.line(line => /_too_slow|_not_taken/.test(String(line['portcullis.failure'])))
      })
})

async function isRefused(port: number, reason: string): Promise<void> {
  await using client = wireClient('h1', port)
  const { status, body } = await client.send({ headers: neighbour })
  assert.equal(status, 503)
  assert.match(body.toString(), new RegExp(`"reason":"${reason}"`))
}

/** When it has come again often enough; without a guard that would be when the attack is over. */
async function isServed(wire: Wire, port: number, asked: Asked): Promise<void> {
  await using client = wireClient(wire, port)
  for (let tries = 0; tries < 100; tries++) {
    const answer = await client.send({ ...asked, headers: neighbour }).catch(() => null)
    if (answer?.status === 200) return assert.equal(answer.body.toString(), 'ok')
    await delay(50)
  }
  assert.fail('never served')
}
