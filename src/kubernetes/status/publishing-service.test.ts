import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ApiServer } from '../../../test/support/kubernetes/api-server.ts'
import { allKinds, ClusterSource } from '../../../test/support/kubernetes/cluster-source.ts'
import { Seen } from '../../../test/support/until.ts'
import { serviceAddresses } from './published.ts'
import { PublishingService } from './publishing-service.ts'

const TIMEOUT = { timeout: 20_000 }
const times = { backoff: { firstMs: 5, mostMs: 20 }, silenceMs: 60_000, absentMs: 10 }
const service = { namespace: 'release', name: 'front' }
const yaml = ['front', 'other'].map(
  name => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: release }
spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }] }
`,
)

suite('the Service that says where Gateways are reached', () => {
  const opened = async () => {
    const api = await ApiServer.start()
    const cluster = new ClusterSource(api, [])
    const versions = new Seen<readonly string[]>()
    const publishing: PublishingService = new PublishingService({
      client: cluster.client,
      kinds: allKinds,
      service,
      log: cluster.logger,
      changed: () => versions.push(serviceAddresses(publishing.known)),
      times,
    })
    const unknown = (why: RegExp) =>
      cluster.log.first(
        ({ event, message }) => event === 'kubernetes.publish_unknown' && why.test(String(message)),
      )
    const end = async () => {
      publishing.close()
      cluster[Symbol.dispose]()
      await api[Symbol.asyncDispose]()
    }
    return { api, publishing, versions, unknown, [Symbol.asyncDispose]: end }
  }

  test('is followed by its name alone', TIMEOUT, async () => {
    await using one = await opened()
    one.api.apply(yaml.join('---'))
    void one.publishing.run()
    await one.publishing.settled
    assert.deepEqual(serviceAddresses(one.publishing.known), ['10.0.0.1'])
    const balanced = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } }
    one.api.setStatus('Service', 'front', balanced, 'release')
    await one.versions.first(([first]) => first === '192.0.2.1')
    one.api.delete('Service', 'front', 'release')
    await one.unknown(/does not exist/)
    assert.deepEqual(serviceAddresses(one.publishing.known), [])
    const asked = one.api.requests.all.map(({ path, query }) => `${path} ${query.get('fieldSelector') ?? ''}`)
    assert.deepEqual([...new Set(asked)], ['/api/v1/namespaces/release/services metadata.name=front'])
  })

  test('is told of where it may not be seen, and found later', TIMEOUT, async () => {
    await using one = await opened()
    one.api.apply(yaml[0]!)
    one.api.forbid('Service', true)
    void one.publishing.run()
    await one.publishing.settled
    await one.unknown(/list and watch of services with this name/)
    assert.equal(one.publishing.known, undefined)
    one.api.forbid('Service', false)
    await one.versions.first(([first]) => first === '10.0.0.1')
  })
})
