import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { answering, EchoingCalls } from '../support/load-upstreams.ts'
import { MixedLoad } from '../support/mixed-load.ts'
import { freePort } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { mostResets } from '../support/resets.ts'
import { Served } from '../support/served.ts'
import { askOnce, httpsListener } from '../support/tls.ts'

// Everything that may change while a gateway serves, at once: nobody who asks for something else notices.

const ROUNDS = 8

const authority = await Authority.make()
const pairs = await Promise.all(Array.from({ length: 4 }, () => authority.issue({ names: ['a.example'] })))

interface Ports {
  readonly plain: number
  readonly secure: number
  readonly extra: number
  readonly extraSecure: number
}

/** The loaded listeners, and `more` beside them, one of which shares their port. */
function listeners({ plain, secure, extra, extraSecure }: Ports, more: boolean): string {
  const others = [
    { name: 'extra', port: extra },
    httpsListener('extra-secure', ['pair'], { port: extraSecure }),
    httpsListener('beside', ['pair'], { port: secure, hostname: 'b.example' }),
  ]
  const loaded = [{ name: 'plain', port: plain }, httpsListener('secure', ['pair'], { port: secure })]
  return yamlOf(gateway([...loaded, ...(more ? others : [])]))
}

function certificate(round: number): string {
  return yamlOf(tlsSecret('pair', pairs[round % pairs.length]!))
}

/** Of two servers of each kind, in turn: both, the first, the second. */
function endpoints(round: number, answers: readonly number[], calls: readonly number[]): string {
  const some = ([first = 0, second = 0]: readonly number[]): number[] =>
    [[first, second], [first], [second]][round % 3]!
  const h2c = backend('calls', some(calls)) as { spec: object }
  return yamlOf(backend('up', some(answers)), { ...h2c, spec: { ...h2c.spec, protocol: 'h2c' } })
}

const routes = yamlOf(
  httpRoute('all', {
    rules: [
      { matches: [prefix('/echo')], backendRefs: [to('calls')] },
      { matches: [prefix('/')], backendRefs: [to('up')] },
    ],
  }),
)

for (const [what, withWorkers] of [
  ['certificates, endpoints and listeners', false],
  ['certificates, endpoints, listeners and workers', true],
] as const)
  test(`no request fails while ${what} change`, async t => {
    await using one = await answering()
    await using two = await answering()
    await using calls = await EchoingCalls.start()
    await using moreCalls = await EchoingCalls.start()
    const [plain, secure, extra, extraSecure] = await Promise.all([
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ])
    const ports = { plain, secure, extra, extraSecure }
    const endpointsOf = (round: number): string =>
      endpoints(round, [one.port, two.port], [calls.port, moreCalls.port])
    await using served = await Served.start({
      'gateway.yaml': listeners(ports, false),
      'certificate.yaml': certificate(0),
      'endpoints.yaml': endpointsOf(0),
      'routes.yaml': routes,
    })
    const load = new MixedLoad({ plain, secure, ca: authority.root })
    await load.more(5)

    const rounds = async (change: (round: number) => Promise<void>): Promise<void> => {
      for (let round = 1; round <= ROUNDS && load.failures.length === 0; round++) {
        await change(round)
        await load.more(1)
      }
    }
    await Promise.all([
      rounds(round => served.change('certificate.yaml', certificate(round))),
      rounds(round => served.change('endpoints.yaml', endpointsOf(round))),
      rounds(round => served.change('gateway.yaml', listeners(ports, round % 2 === 1))),
      ...(withWorkers ? [rounds(() => served.workers.replace(served.workers.ids[0]!))] : []),
    ])
    await load.more(5)
    await load.stop()
    t.diagnostic(
      `answers: ${JSON.stringify(load.answers)}, resets: ${load.resets}, version ${served.controller.status.version}`,
    )
    assert.deepEqual(load.failures, [])
    assert.ok(load.resets <= (withWorkers ? mostResets(ROUNDS) : 0), `${load.resets} connections were reset`)
    const told = (event: string): number => served.log.all.filter(line => line['event'] === event).length
    assert.deepEqual([told('worker.left'), told('worker.replaced')], [withWorkers ? ROUNDS : 0, 0])
    const { serial } = await askOnce(secure, 'a.example', { ca: authority.root })
    assert.equal(serial, new X509Certificate(pairs[ROUNDS % pairs.length]!.chain).serialNumber)
    await assert.rejects(send(extra), /ECONNREFUSED/)
  })
