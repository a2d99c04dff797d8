import assert from 'node:assert/strict'
import { memoryUsage } from 'node:process'
import { suite, test } from 'node:test'
import { Attackers, type Attack } from '../support/attackers.ts'
import { settled } from '../support/settled.ts'
import { wireClient } from '../support/wire-client.ts'
import { WireServer } from '../support/wire-server.ts'
import { portFor, startBetween, wires, type Wire } from '../support/wires.ts'

/** More than a window of HTTP/2 and the buffers behind it; what windows hold back never comes to those of sockets. */
const large = Buffer.alloc(4 * 1024 * 1024, 'x')

const attacks: readonly [what: string, wire: Wire, count: number, attack: Attack][] = [
  ['1,100 bodies of which a byte comes', 'h1', 1_100, { method: 'POST', path: '/upload' }],
  ['1,100 bodies of which a byte comes', 'h2c', 1_100, { method: 'POST', path: '/upload' }],
  ['twelve connections whose windows are 0', 'h2c', 1_200, { method: 'GET', path: '/large' }],
]

// As everything is by default: 1,024 connections to a backend, 3 s of patience, 5 s to wait.
suite('a neighbour is served beside', () => {
  for (const [what, wire, count, attack] of attacks)
    test(`${what} (${wire})`, async () => {
      await using server = await WireServer.start('h1', (request, response) => {
        if (request.url === '/large') return void response.end(large)
        request.resume().on('end', () => response.end('ok'))
      })
      await using gateway = await startBetween('h1', server.port)
      const before = memoryUsage.rss()
      await using attackers = await Attackers.start(wire, portFor(wire, gateway), count, attack)
      await settled(() => server.connections, 100)
      for (const neighbour of wires) {
        await using client = wireClient(neighbour, portFor(neighbour, gateway))
        for (const asked of [{}, { method: 'POST', body: Buffer.alloc(100_000) }]) {
          const { status, body } = await client.send(asked)
          assert.deepEqual([status, body.toString()], [200, 'ok'])
        }
      }
      assert.ok(attackers.begun >= count)
      assert.ok(server.connections >= 500, `${server.connections} connections to the backend`)
      // Attackers and backend are in this process too.
      assert.ok(memoryUsage.rss() - before < 700_000_000)
    })
})
