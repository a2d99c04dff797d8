import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ApiObject } from '../../../test/support/kubernetes/api-objects.ts'
import { ApiServer, type ApiRequest } from '../../../test/support/kubernetes/api-server.ts'
import { allKinds, ClusterSource } from '../../../test/support/kubernetes/cluster-source.ts'
import { translate } from '../../../test/support/translate.ts'
import { Seen } from '../../../test/support/until.ts'
import type { LoadResult } from '../../model/loaded.ts'
import {
  GATEWAY_SERVICES,
  gatewayServiceName,
  type GatewayServiceFacts,
  type GatewayServiceWant,
} from '../../translation/gateway-services.ts'
import { GatewayServices } from './gateway-services.ts'
import { isTargetPort, TargetPorts } from './target-ports.ts'

const TIMEOUT = { timeout: 20_000 }
const settings = { namespace: 'gateways', deployment: 'edge', type: 'LoadBalancer' } as const

const template = `
apiVersion: v1
kind: Service
metadata: { name: edge, namespace: gateways }
spec: { selector: { app: edge }, ports: [{ port: 80 }] }
---`
const classOf = (controller: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: ours }
spec: { controllerName: ${controller} }
---`
const gateway = (name: string, port: number | string = 80) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name} }
spec: { gatewayClassName: ours, listeners: [{ name: http, protocol: HTTP, port: ${port} }] }
---`
const OURS = classOf('portcullis.dev/gateway')

interface Spec {
  readonly ports: readonly { readonly port: number; readonly targetPort: number }[]
}

class Bed implements AsyncDisposable {
  readonly api: ApiServer
  readonly cluster: ClusterSource
  readonly facts = new Seen<GatewayServiceFacts>()
  readonly services: GatewayServices

  private constructor(api: ApiServer) {
    this.api = api
    this.cluster = new ClusterSource(api, allKinds.all)
    const { client, source, logger: log } = this.cluster
    const found = (facts: GatewayServiceFacts) => this.facts.push(facts)
    this.services = new GatewayServices({ client, source, settings, log, found, retryMs: 20 })
    source.watchVersions(ref => this.services.touched(ref))
    source.watch(result => this.take(result))
  }

  /** It has begun to lead, with these objects. */
  static async start(yaml: string): Promise<Bed> {
    const api = await ApiServer.start()
    api.apply(yaml)
    const bed = new Bed(api)
    bed.take(await bed.cluster.source.load())
    bed.services.lead(true)
    return bed
  }

  private take({ resources }: LoadResult): void {
    const { wants } = translate(resources, { gatewayServices: settings })
    this.services.applied(resources, wants[GATEWAY_SERVICES] as readonly GatewayServiceWant[])
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

  async until(isSo: () => boolean): Promise<void> {
    const seen = new Seen<null>()
    const stop = this.api.collectionOf('Service').follow(Number.MAX_SAFE_INTEGER, () => seen.push(null))
    seen.push(null)
    await seen.first(isSo)
    stop()
  }

  /** Resolves when all that came before has been looked at: what is made for one more Gateway comes behind it. */
  async turn(name = 'later'): Promise<void> {
    this.api.apply(gateway(name))
    await this.until(() => this.of(name) !== undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.services.close()
    this.cluster[Symbol.dispose]()
    await this.api.stop()
  }
}

const isWrite = ({ method, path }: ApiRequest): boolean => method !== 'GET' && path.includes('/services')

suite('Services of Gateways in a cluster', () => {
  test('are written once, and not where nothing is another thing', TIMEOUT, async () => {
    await using bed = await Bed.start(template + OURS + gateway('a'))
    await bed.until(() => bed.of('a') !== undefined)
    bed.api.apply(`
apiVersion: v1
kind: Service
metadata: { name: items }
spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }] }`)
    await bed.turn()
    assert.equal(bed.api.requests.all.filter(isWrite).length, 2)
  })

  test('that name one port of the Pods are told apart again, the oldest keeping it', TIMEOUT, async () => {
    await using bed = await Bed.start(template + OURS + gateway('a') + gateway('b'))
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
      await using bed = await Bed.start(template + OURS + gateway('c'))
      await bed.until(() => bed.of('c') !== undefined)
      const target = bed.targetOf('c')!
      bed.api.apply(
        gateway('c').replace('spec: {', 'spec: { addresses: [{ type: Hostname, value: c.example }],'),
      )
      // Of an older Gateway, a port whose place is just there.
      const name = gatewayServiceName('edge', { namespace: 'default', name: 'a' })
      const port = Array.from({ length: 65_535 }, (_, i) => i + 1).find(
        one => new TargetPorts().find(`${name} tcp ${one}`) === target,
      )
      assert.ok(port)
      await bed.turn()
      bed.api.apply(gateway('a', port))
      await bed.until(() => bed.of('a') !== undefined)
      assert.notEqual(bed.targetOf('a'), target)
      assert.equal(bed.targetOf('c'), target)
      bed.api.apply(gateway('c'))
      await bed.turn('after')
      assert.equal(bed.targetOf('c'), target)
    },
  )

  test('have no port of the Pods that is none of theirs', TIMEOUT, async () => {
    await using bed = await Bed.start(template + OURS + gateway('a'))
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
      await using bed = await Bed.start(template + OURS + gateway('a'))
      await bed.until(() => bed.of('a') !== undefined)
      const { uid } = bed.of('a')!.metadata
      bed.api.apply(gateway('a', '"none"'))
      bed.api.apply(gateway('more'))
      await bed.until(() => bed.of('more') !== undefined)
      assert.equal(bed.of('a')?.metadata.uid, uid)

      bed.api.delete('GatewayClass', 'ours')
      await bed.facts.first(facts => facts.size === 0)
      const told = bed.facts.all.length
      bed.api.apply(OURS)
      await bed.facts.count(told + 1)
      assert.equal(bed.of('a')?.metadata.uid, uid)

      bed.api.apply(classOf('example.com/other'))
      await bed.until(() => bed.of('a') === undefined && bed.of('more') === undefined)
      assert.notEqual(bed.api.get('Service', 'edge', 'gateways'), undefined)
    },
  )

  test('are left alone by who does not lead, and by who does not lead any more', TIMEOUT, async () => {
    await using bed = await Bed.start(template + OURS + gateway('a'))
    await bed.until(() => bed.of('a') !== undefined)
    bed.services.lead(false)
    const { length } = bed.api.requests.all.filter(isWrite)
    bed.api.apply(gateway('b'))
    await bed.facts.first(facts => facts.size === 2)
    assert.equal(bed.api.requests.all.filter(isWrite).length, length)
    bed.services.lead(true)
    await bed.until(() => bed.of('b') !== undefined)
  })

  test('wait for the deployment’s own, and say so', TIMEOUT, async () => {
    await using bed = await Bed.start(OURS + gateway('a'))
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
      if (!isWrite(request) || failures++ >= 2) return false
      response.writeHead(503).end()
      return true
    }
    bed.api.apply(gateway('a'))
    await bed.until(() => bed.of('a') !== undefined)
    const told = bed.cluster.log.all.filter(({ event }) => event === 'kubernetes.service_failed')
    assert.equal(told.length, 1)
  })
})
