import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Attackers, type Attack } from '../support/attackers.ts'
import type { TestGateway } from '../support/gateway.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'
import { portFor, speaksHttp2, startBetween, wires, type Wire } from '../support/wires.ts'

/** More than the buffers of sockets take. */
const large = Buffer.alloc(16 * 1024 * 1024, 'x')

/** `/large` is that, whatever is asked; everything else is answered `ok` when the request is here. */
const startBackend = (): Promise<WireServer> =>
  WireServer.start('h1', (request, response) => {
    if (request.url === '/large') return void response.end(large)
    request.resume().on('end', () => response.end('ok'))
  })

const active = (gateway: TestGateway): number =>
  Number(/^portcullis_requests_active (\d+)$/m.exec(gateway.metrics())?.[1] ?? 0)

const disguises: readonly [string, Pick<Attack, 'fields'>][] = [
  ['', {}],
  [', as application/grpc', { fields: [['Content-Type', 'application/grpc']] }],
  [
    ', with Upgrade',
    {
      fields: [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'other'],
      ],
    },
  ],
  [', with Expect', { fields: [['Expect', '100-continue']] }],
]

const attacks: readonly [string, Attack][] = [
  ['bodies of which a byte comes', { method: 'POST', path: '/upload' }],
  ['responses that nobody reads', { method: 'GET', path: '/large' }],
  ['responses that are taken a byte at a time', { method: 'GET', path: '/large', trickle: true }],
]

async function neighbourIsServed(wire: Wire, gateway: TestGateway): Promise<void> {
  await using neighbour = wireClient(wire, portFor(wire, gateway))
  for (const asked of [
    { path: '/neighbour' },
    { method: 'POST', path: '/neighbour', body: Buffer.alloc(100_000) },
    { path: '/neighbour' },
  ]) {
    const { status, body } = await neighbour.send(asked)
    assert.deepEqual([status, body.toString()], [200, 'ok'])
  }
}

suite('a neighbour is served beside', { concurrency: 6 }, () => {
  // Room for machines that are busy: without a guard the wait would end with 503 all the same.
  const backend = { connections: { max: 8, connectTimeout: '30s' }, pressure: { patience: '300ms' } }
  for (const [what, attack] of attacks)
    for (const [as, disguise] of disguises)
      for (const wire of wires) {
        if (speaksHttp2(wire) ? as.includes('Upgrade') : attack.trickle === true) continue
        test(`${what}${as} (${wire})`, async () => {
          await using server = await startBackend()
          await using gateway = await startBetween('h1', server.port, { backend })
          const port = portFor(wire, gateway)
          await using attackers = await Attackers.start(wire, port, 12, { ...attack, ...disguise })
          while (active(gateway) < 12) await setImmediate()
          for (const neighbour of wires) await neighbourIsServed(neighbour, gateway)
          assert.ok(attackers.begun >= 12)
        })
      }
})
