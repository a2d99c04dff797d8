import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ApiObject } from '../../../test/support/kubernetes/api-objects.ts'
import { ApiServer, type Fault } from '../../../test/support/kubernetes/api-server.ts'
import {
  gatewayClassYaml,
  gatewayYaml,
  isServiceWrite,
  ServicesBed,
  serviceSettings,
} from '../../../test/support/kubernetes/services-bed.ts'
import { GatewayAliases } from './gateway-aliases.ts'

const TIMEOUT = { timeout: 20_000 }
const OURS = gatewayClassYaml('ours')

class Bed extends ServicesBed<GatewayAliases> {
  /** It has begun to lead, with these objects. */
  static async start(yaml: string, fault: Fault = () => false): Promise<Bed> {
    const api = await ApiServer.start()
    api.apply(yaml)
    api.fault = fault
    return new Bed(
      api,
      ({ client, source, logger: log }) =>
        new GatewayAliases({
          client,
          source,
          settings: serviceSettings,
          domain: 'cluster.local',
          log,
          retryMs: 20,
        }),
    ).begin()
  }

  of(name: string, gatewayClass = 'ours'): ApiObject | undefined {
    return this.api.get('Service', `${name}-${gatewayClass}`)
  }

  get writes(): readonly string[] {
    return this.api.requests.all.filter(isServiceWrite).map(({ method, path }) => `${method} ${path}`)
  }

  told(event: string): readonly Readonly<Record<string, unknown>>[] {
    return this.cluster.log.all.filter(one => one['event'] === event)
  }
}

/** The server forbids what is written in a namespace. */
const forbidden =
  (namespace: string, why: string): Fault =>
  (request, response) => {
    if (!isServiceWrite(request) || !request.path.includes(`/${namespace}/`)) return false
    const message = `services "a-ours" is forbidden: ${why}`
    response.writeHead(403, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ kind: 'Status', code: 403, message }))
    return true
  }

const specOf = (service: ApiObject | undefined) =>
  service?.['spec'] as { readonly type: string; readonly externalName: string }
const labelsOf = (service: ApiObject | undefined) =>
  service?.metadata['labels'] as Readonly<Record<string, string>>

suite('names of Gateways in their namespaces', () => {
  test('are written once, and not where nothing is another thing', TIMEOUT, async () => {
    await using bed = await Bed.start(OURS + gatewayYaml('a'))
    await bed.until(() => bed.of('a') !== undefined)
    assert.match(
      specOf(bed.of('a')).externalName,
      /^edge-default-a-[0-9a-f]{10}\.gateways\.svc\.cluster\.local$/,
    )
    bed.api.apply(`
apiVersion: v1
kind: Service
metadata: { name: items }
spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }] }`)
    await bed.turn()
    const path = 'POST /api/v1/namespaces/default/services'
    assert.deepEqual(bed.writes, [path, path])
  })

  test('come again, as they were, whatever is done to them by hand', TIMEOUT, async () => {
    await using bed = await Bed.start(
      OURS + gatewayYaml('a', { spec: 'infrastructure: { labels: { team: one } },' }),
    )
    await bed.until(() => bed.of('a') !== undefined)
    const made = bed.of('a')!
    const changed = { ...made.metadata, labels: { ...labelsOf(made), team: 'theirs', more: 'yes' } }
    const spec = { type: 'ExternalName', externalName: 'elsewhere.example' }
    bed.api.apply(JSON.stringify({ ...made, metadata: changed, spec }))
    await bed.until(() => labelsOf(bed.of('a'))['team'] === 'one')
    assert.deepEqual(specOf(bed.of('a')), specOf(made))
    assert.equal(labelsOf(bed.of('a'))['more'], 'yes')
    bed.api.delete('Service', made.metadata.name)
    await bed.until(() => bed.of('a') !== undefined)
    // What somebody makes a Service of his own of is his.
    const { uid } = bed.of('a')!.metadata
    const own = { ...bed.of('a'), spec: { type: 'ClusterIP', ports: [{ port: 80 }] } }
    bed.api.apply(JSON.stringify(own))
    await bed.cluster.log.first(one => one['event'] === 'kubernetes.alias_failed')
    bed.api.delete('Gateway', 'a')
    await bed.turn()
    assert.equal(bed.of('a')?.metadata.uid, uid)
    assert.deepEqual(bed.of('a')?.['spec'], own.spec)
  })

  test('follow the infrastructure and the class, and go with the Gateway', TIMEOUT, async () => {
    await using bed = await Bed.start(OURS + gatewayClassYaml('wide') + gatewayYaml('a'))
    await bed.until(() => bed.of('a') !== undefined)
    bed.api.apply(
      gatewayYaml('a', {
        spec: 'infrastructure: { labels: { team: two }, annotations: { example.com/a: b } },',
      }),
    )
    await bed.until(() => labelsOf(bed.of('a'))['team'] === 'two')
    bed.api.apply(gatewayYaml('a'))
    await bed.until(() => labelsOf(bed.of('a'))['team'] === undefined)
    bed.api.apply(gatewayYaml('a').replace('gatewayClassName: ours', 'gatewayClassName: wide'))
    await bed.until(() => bed.of('a') === undefined && bed.of('a', 'wide') !== undefined)
    bed.api.delete('Gateway', 'a')
    await bed.until(() => bed.of('a', 'wide') === undefined)
  })

  test('are left alone by who does not lead', TIMEOUT, async () => {
    await using bed = await Bed.start(OURS + gatewayYaml('a'))
    await bed.until(() => bed.of('a') !== undefined)
    bed.writer.lead(false)
    bed.api.delete('Service', 'a-ours')
    bed.api.delete('Gateway', 'a')
    bed.api.apply(gatewayYaml('b'))
    await bed.gateways('b')
    assert.equal(bed.writes.length, 1)
    bed.writer.lead(true)
    await bed.until(() => bed.of('b') !== undefined)
    assert.equal(bed.of('a'), undefined)
  })

  test(
    'that the server refuses are told once each with the cause, and hold up no other',
    TIMEOUT,
    async () => {
      await using bed = await Bed.start(
        OURS + gatewayYaml('a', { namespace: 'full' }) + gatewayYaml('b'),
        forbidden('full', 'exceeded quota: few'),
      )
      await bed.until(() => bed.of('b') !== undefined)
      await bed.cluster.log.first(one => one['event'] === 'kubernetes.alias_failed')
      await bed.turn()
      await bed.turn('last')
      const [told, ...more] = bed.told('kubernetes.alias_failed')
      assert.equal(more.length, 0)
      assert.equal(told?.['service'], 'full/a-ours')
      assert.match(String(told?.['message']), /exceeded quota/)
      // It is not asked again and again, and nothing is remembered of it once its Gateway has gone.
      assert.equal(bed.writes.filter(one => one.includes('/full/')).length, 1)
      bed.api.delete('Gateway', 'a', 'full')
      await bed.turn('without')
      bed.api.apply(gatewayYaml('a', { namespace: 'full' }))
      await bed.cluster.log.first(() => bed.told('kubernetes.alias_failed').length === 2)
    },
  )

  test('that two Gateways would have are one’s, and the other is told once', TIMEOUT, async () => {
    const one = gatewayYaml('a').replace('gatewayClassName: ours', 'gatewayClassName: b-c')
    const other = gatewayYaml('a-b').replace('gatewayClassName: ours', 'gatewayClassName: c')
    await using bed = await Bed.start(OURS + gatewayClassYaml('b-c') + gatewayClassYaml('c') + one + other)
    await bed.until(() => bed.of('a', 'b-c') !== undefined)
    await bed.turn()
    await bed.turn('last')
    const told = bed.told('kubernetes.alias_failed').slice(-1)
    assert.match(String(told[0]?.['message']), /called so too/)
    const { length } = bed.told('kubernetes.alias_failed')
    await bed.turn('more')
    await bed.turn('most')
    assert.equal(bed.told('kubernetes.alias_failed').length, length)
  })

  test('come once a server that failed does not any more', TIMEOUT, async () => {
    let failures = 0
    await using bed = await Bed.start(OURS + gatewayYaml('a'), (request, response) => {
      if (!isServiceWrite(request) || failures++ >= 2) return false
      response.writeHead(503).end()
      return true
    })
    await bed.until(() => bed.of('a') !== undefined)
    assert.equal(bed.told('kubernetes.alias_failed').length, 1)
  })

  test('of a namespace that goes are not missed', TIMEOUT, async () => {
    await using bed = await Bed.start(
      OURS + gatewayYaml('a', { namespace: 'going' }),
      forbidden('going', 'unable to create new content in namespace going because it is being terminated'),
    )
    await bed.turn()
    await bed.turn('last')
    assert.deepEqual(bed.told('kubernetes.alias_failed'), [])
  })

  test('of hundreds of Gateways are written a few at once', TIMEOUT, async () => {
    let open = 0
    let most = 0
    const many = Array.from({ length: 200 }, (_, i) => gatewayYaml(`g${i}`)).join('')
    await using bed = await Bed.start(OURS + many, (request, response) => {
      if (!isServiceWrite(request)) return false
      most = Math.max(most, ++open)
      response.once('finish', () => open--)
      return false
    })
    await bed.until(() => bed.api.collectionOf('Service').objects.size === 200)
    assert.ok(most <= 8, String(most))
  })
})
