import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cluster, ClusterNow } from '../../src/admin/shapes/cluster.ts'
import type { Finding } from '../../src/api/shapes/finding.ts'
import { send } from '../support/client.ts'
import { portcullis } from '../support/command.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const backendOf = (
  name: string,
  ...endpoints: readonly (readonly [address: string, port: number])[]
): object => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Backend',
  metadata: { name },
  spec: { endpoints: endpoints.map(([address, port]) => ({ address, port })) },
})

/** One that has an endpoint that is dead, one that has no other, and one whose name nobody knows. */
async function served(port: number, up: number) {
  const dead = await freePort()
  const text = yamlOf(
    gateway([{ name: 'http', port }]),
    backendOf('half', ['127.0.0.1', up], ['127.0.0.1', dead]),
    backendOf('dead', ['127.0.0.1', dead]),
    backendOf('named', ['name.invalid', 80]),
    httpRoute('r', {
      rules: ['half', 'dead', 'named'].map(name => ({
        matches: [prefix(`/${name}`)],
        backendRefs: [to(name)],
      })),
    }),
  )
  return { text, dead }
}

test(
  'what workers know of endpoints is told, with the reason, and is a problem',
  { timeout: 60_000 },
  async () => {
    await using upstream = await TestUpstream.start()
    const port = await freePort()
    const { text, dead } = await served(port, upstream.port)
    using folder = new Folder({ 'a.yaml': text })
    await using run = await RunProcess.start([folder.path], '--workers', '1', '--access-log', 'off')
    await run.started()
    const json = async <T>(path: string): Promise<T> => (await run.get(path)).json() as Promise<T>
    // A worker that is busy for half a second is not waited for.
    const cluster = async (name: string): Promise<Cluster> => {
      const found = await json<Cluster>(`/v1/clusters/${encodeURIComponent(`Backend/default/${name}`)}`)
      return found.endpoints.every(({ says }) => says.of > 0) ? found : cluster(name)
    }

    const before = await cluster('half')
    assert.deepEqual(
      before.endpoints.map(({ state, says }) => [state, says]),
      [
        ['serving', { workers: 1, of: 1 }],
        ['serving', { workers: 1, of: 1 }],
      ],
    )

    const ejected = run.event('endpoint.ejected')
    while (run.log.all.every(line => line['event'] !== 'endpoint.ejected'))
      await send(port, { path: '/half' })
    await ejected
    await send(port, { path: '/dead' })
    const half = await cluster('half')
    const [good, bad] = half.endpoints
    assert.deepEqual([good?.state, good?.reason, good?.until], ['serving', null, null])
    assert.equal(bad?.state, 'ejected')
    assert.match(bad?.reason ?? '', /^connection_refused, \d+ times in a row: /)
    assert.ok(Date.parse(bad?.until ?? '') > Date.now() - 60_000)
    assert.equal(half.panics, false)

    const [only] = (await cluster('dead')).endpoints
    assert.equal(only?.state, 'failing', 'the only endpoint is never ejected, and does not serve')
    let [unresolved] = (await cluster('named')).endpoints
    while (unresolved?.state === 'resolving') [unresolved] = (await cluster('named')).endpoints
    assert.deepEqual(
      [unresolved?.state, unresolved?.reason, unresolved?.resolved],
      ['unresolved', 'name_not_found', []],
    )

    const { items } = await json<{ items: Finding[] }>('/v1/problems')
    assert.deepEqual(
      items
        .map(
          ({ severity, object, reason, running }) => `${severity} ${object?.name ?? ''} ${reason} ${running}`,
        )
        .toSorted(),
      [
        'error dead EndpointFailing true',
        'error named NameNotResolved true',
        'warning half EndpointEjected true',
      ],
    )
    assert.ok(items.some(({ message }) => message.includes(`127.0.0.1:${dead}`)))
    const unwell = await json<{ items: Cluster[] }>('/v1/clusters?unwell=true')
    assert.equal(unwell.items.length, 3)
  },
)

function clusterIn(explanation: Record<string, unknown>, name: string): { now?: ClusterNow } {
  const { clusters } = explanation['route'] as { clusters: Record<string, { now?: ClusterNow }> }
  return clusters[name]!
}

test('a request is explained as the command explains it', async () => {
  const port = await freePort()
  const { text } = await served(port, await freePort())
  using folder = new Folder({ 'a.yaml': text })
  await using run = await RunProcess.start([folder.path], '--workers', '1', '--access-log', 'off')
  await run.started()
  const url = `http://a.example:${port}/half/x?token=planted`
  const response = await fetch(`http://127.0.0.1:${run.admin}/v1/explain`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ method: 'get', url, headers: [{ name: 'X-A', value: 'b' }] }),
  })
  const { text: told, othersCount, ...rest } = (await response.json()) as Record<string, unknown>
  // What only a gateway that runs knows.
  const { now } = clusterIn(rest, 'Backend/default/half')
  assert.equal(now?.endpoints.length, 2)
  delete clusterIn(rest, 'Backend/default/half').now
  const asked = ['GET', url, '-H', 'X-A: b', folder.path]
  const [json, plain] = await Promise.all([
    portcullis(['explain', '-o', 'json', ...asked]),
    portcullis(['explain', ...asked]),
  ])
  assert.deepEqual(rest, JSON.parse(json.stdout))
  const declared = String(told)
    .split('\n')
    .filter(line => !line.startsWith('now '))
  assert.equal(declared.join('\n'), plain.stdout)
  assert.equal(othersCount, 2)
})
