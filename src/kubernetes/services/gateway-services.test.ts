import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ApiObject } from '../../../test/support/kubernetes/api-objects.ts'
import { ApiServer } from '../../../test/support/kubernetes/api-server.ts'
import {
  gatewayClassYaml,
  gatewayYaml,
  isServiceWrite,
  ServicesBed,
  serviceSettings,
} from '../../../test/support/kubernetes/services-bed.ts'
import { Seen } from '../../../test/support/until.ts'
import { gatewayServiceName, type GatewayServiceFacts } from '../../translation/gateway-services.ts'
import { GatewayServices } from './gateway-services.ts'
import { isTargetPort, TargetPorts } from './target-ports.ts'

const TIMEOUT = { timeout: 20_000 }

const template = `
apiVersion: v1
kind: Service
metadata: { name: edge, namespace: gateways }
spec: { selector: { app: edge }, ports: [{ port: 80 }] }
---`
const OURS = gatewayClassYaml('ours')

interface Spec {
  readonly ports: readonly { readonly port: number; readonly targetPort: number }[]
}

class Bed extends ServicesBed<GatewayServices> {
  readonly facts: Seen<GatewayServiceFacts>

  private constructor(api: ApiServer, facts: Seen<GatewayServiceFacts>) {
    const found = (one: GatewayServiceFacts) => facts.push(one)
    super(
      api,
      ({ client, source, logger: log }) =>
        new GatewayServices({ client, source, settings: serviceSettings, log, found, retryMs: 20 }),
    )
    this.facts = facts
  }

  /** It has begun to lead, with these objects. */
  static async start(yaml: string): Promise<Bed> {
    const api = await ApiServer.start()
    api.apply(yaml)
    return new Bed(api, new Seen()).begin()
  }

  of(name: string): ApiObject | undefined {
    return [...this.api.collectionOf('Service').objects.values()].find(({ metadata }) => {
      const annotations = metadata['annotations'] as Readonly<Record<string, string>> | undefined
      return annotations?.['portcullis.dev/gateway'] === `default/${name}`
    })
  }

  targetOf(name: string): number | undefined {
    return (this.of(name)?.['spec'] as Spec | undefined)?.ports[0]?.targetPort
  }
}

suite('Services of Gateways in a cluster', () => {
  test('are written once, and not where nothing is another thing', TIMEOUT, async () => {
    await using bed = await Bed.start(template + OURS + gatewayYaml('a'))
    await bed.until(() => bed.of('a') !== undefined)
    bed.api.apply(`
apiVersion: v1
kind: Service
metadata: { name: items }
spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }] }`)
    await bed.turn()
    assert.equal(bed.api.requests.all.filter(isServiceWrite).length, 2)
  })

  test('that name one port of the Pods are told apart again, the oldest keeping it', TIMEOUT, async () => {
    await using bed = await Bed.start(template + OURS + gatewayYaml('a') + gatewayYaml('b'))
    await bed.until(() => bed.of('a') !== undefined && bed.of('b') !== undefined)
    const shared = bed.targetOf('a')!
    const b = bed.of('b')!
    const ports = (b['spec'] as Spec).ports.map(one => ({ ...one, targetPort: shared }))
    bed.api.apply(JSON.stringify({ ...b, spec: { ...(b['spec'] as object), ports } }))
    await bed.until(() => bed.targetOf('b') !== shared)
    assert.equal(bed.targetOf('a'), shared)
  })

  test(
    'keep their ports of the Pods while their Gateway is broken, whoever asks for them',
    TIMEOUT,
    async () => {
      await using bed = await Bed.start(template + OURS + gatewayYaml('c'))
      await bed.until(() => bed.of('c') !== undefined)
      const target = bed.targetOf('c')!
      bed.api.apply(
        gatewayYaml('c').replace('spec: {', 'spec: { addresses: [{ type: Hostname, value: c.example }],'),
      )
      // Of an older Gateway, a port whose place is just there.
      const name = gatewayServiceName('edge', { namespace: 'default', name: 'a' })
      const port = Array.from({ length: 65_535 }, (_, i) => i + 1).find(
        one => new TargetPorts().find(`${name} tcp ${one}`) === target,
      )
      assert.ok(port)
      await bed.turn()
      bed.api.apply(gatewayYaml('a', { port }))
      await bed.until(() => bed.of('a') !== undefined)
      assert.notEqual(bed.targetOf('a'), target)
      assert.equal(bed.targetOf('c'), target)
      bed.api.apply(gatewayYaml('c'))
      await bed.turn('after')
      assert.equal(bed.targetOf('c'), target)
    },
  )

  test('have no port of the Pods that is none of theirs', TIMEOUT, async () => {
    await using bed = await Bed.start(template + OURS + gatewayYaml('a'))
    await bed.until(() => bed.of('a') !== undefined)
    const a = bed.of('a')!
    // That of the admin listener, by hand.
    const ports = (a['spec'] as Spec).ports.map(one => ({ ...one, targetPort: 8900 }))
    bed.api.apply(JSON.stringify({ ...a, spec: { ...(a['spec'] as object), ports } }))
    await bed.until(() => isTargetPort(bed.targetOf('a')!))
  })

  test(
    'stay while a Gateway is broken or waits for its class, and go where it is another’s',
    TIMEOUT,
    async () => {
      await using bed = await Bed.start(template + OURS + gatewayYaml('a'))
      await bed.until(() => bed.of('a') !== undefined)
      const { uid } = bed.of('a')!.metadata
      bed.api.apply(gatewayYaml('a', { port: '"none"' }))
      bed.api.apply(gatewayYaml('more'))
      await bed.until(() => bed.of('more') !== undefined)
      assert.equal(bed.of('a')?.metadata.uid, uid)

      bed.api.delete('GatewayClass', 'ours')
      await bed.facts.first(facts => facts.size === 0)
      const told = bed.facts.all.length
      bed.api.apply(OURS)
      await bed.facts.count(told + 1)
      assert.equal(bed.of('a')?.metadata.uid, uid)

      bed.api.apply(gatewayClassYaml('ours', 'example.com/other'))
      await bed.until(() => bed.of('a') === undefined && bed.of('more') === undefined)
      assert.notEqual(bed.api.get('Service', 'edge', 'gateways'), undefined)
    },
  )

  test('are left alone by who does not lead, and by who does not lead any more', TIMEOUT, async () => {
    await using bed = await Bed.start(template + OURS + gatewayYaml('a'))
    await bed.until(() => bed.of('a') !== undefined)
    bed.writer.lead(false)
    const { length } = bed.api.requests.all.filter(isServiceWrite)
    bed.api.apply(gatewayYaml('b'))
    await bed.facts.first(facts => facts.size === 2)
    assert.equal(bed.api.requests.all.filter(isServiceWrite).length, length)
    bed.writer.lead(true)
    await bed.until(() => bed.of('b') !== undefined)
  })

  test('wait for the deployment’s own, and say so', TIMEOUT, async () => {
    await using bed = await Bed.start(OURS + gatewayYaml('a'))
    await bed.facts.first(facts => [...facts.values()].some(({ problem }) => /cannot be read/.test(problem)))
    assert.equal(bed.of('a'), undefined)
    bed.api.apply(template)
    await bed.until(() => bed.of('a') !== undefined)
    await bed.facts.first(facts => [...facts.values()].every(({ problem }) => problem === ''))
  })

  test('are made once a server that failed does not any more', TIMEOUT, async () => {
    await using bed = await Bed.start(template + OURS)
    let failures = 0
    bed.api.fault = (request, response) => {
      if (!isServiceWrite(request) || failures++ >= 2) return false
      response.writeHead(503).end()
      return true
    }
    bed.api.apply(gatewayYaml('a'))
    await bed.until(() => bed.of('a') !== undefined)
    const told = bed.cluster.log.all.filter(({ event }) => event === 'kubernetes.service_failed')
    assert.equal(told.length, 1)
  })
})
