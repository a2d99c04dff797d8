import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { HTTPRoute } from '../model/kinds/http-route.ts'
import { Secret } from '../model/kinds/secret.ts'
import { ApiServer } from '../../test/support/kubernetes/api-server.ts'
import { ClusterSource, namesOf } from '../../test/support/kubernetes/cluster-source.ts'
import { Folder } from '../../test/support/process.ts'
import { Seen } from '../../test/support/until.ts'
import { Logger } from '../telemetry/log.ts'
import { KeptObjects } from './kept-objects.ts'

const objects = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: a }
spec: { rules: [{ matches: [{ path: { value: / } }] }] }
---
apiVersion: v1
kind: Secret
metadata: { name: s }
data: { key: AAAA }
`

const keptIn = (folder: string, scope = 'here'): KeptObjects =>
  new KeptObjects({ folder, scope, log: new Logger({ write: () => {} }), writeMs: 60_000 })

/** What a source keeps that has followed these objects, and has ended. */
async function keep(folder: string, api: ApiServer): Promise<void> {
  const kept = keptIn(folder)
  using cluster = new ClusterSource(api, [HTTPRoute, Secret], { kept })
  await cluster.load()
  await kept.close()
}

/** What a source serves that begins without a server; null: nothing, until there is one. */
async function served(folder: string, api: ApiServer, scope?: string): Promise<string | null> {
  using cluster = new ClusterSource(api, [HTTPRoute, Secret], { kept: keptIn(folder, scope), patienceMs: 20 })
  const loaded = cluster.load().then(namesOf)
  const failing = cluster.log.first(({ event }) => event === 'kubernetes.failing').then(() => null)
  const first = await Promise.race([loaded, failing])
  // Before it is known whether something was kept, all of it is read.
  return first ?? (await Promise.race([loaded, new Promise<null>(resolve => setTimeout(resolve, 200, null))]))
}

suite('what is kept of a cluster', () => {
  for (const [what, spoil, expected] of [
    ['all of it', () => {}, 'a,s'],
    ['none of another cluster', () => {}, null],
    ['none where a file is cut off', folder => cut(join(folder, 'Secret')), null],
    ['none where a file is gone', folder => rmSync(join(folder, 'Secret')), null],
    ['none where not all was written', folder => rmSync(join(folder, 'complete')), null],
    ['none that others could have written', folder => chmodSync(folder, 0o777), null],
    ['none that is no JSON', folder => writeFileSync(join(folder, 'Secret'), '{\n1\n'), null],
  ] as readonly (readonly [string, (folder: string) => void, string | null])[])
    test(`is served without a server: ${what}`, { timeout: 20_000 }, async () => {
      await using api = await ApiServer.start()
      using folder = new Folder()
      const path = join(folder.path, 'kubernetes')
      api.apply(objects)
      await keep(path, api)
      await api.stop()
      spoil(path)
      const scope = what.includes('another') ? 'there' : 'here'
      assert.equal(await served(path, api, scope), expected)
    })

  test('is served alone until all is listed', { timeout: 20_000 }, async () => {
    await using api = await ApiServer.start()
    using folder = new Folder()
    const path = join(folder.path, 'kubernetes')
    api.apply(objects)
    await keep(path, api)
    api.apply(objects.replace('name: a', 'name: unprotected'))
    // What protects the new route can be had as little as this.
    api.forbid('Secret', true)
    using cluster = new ClusterSource(api, [HTTPRoute, Secret], { kept: keptIn(path), patienceMs: 200 })
    const loading = cluster.load()
    await api.watched.first(kind => kind === 'HTTPRoute')
    assert.equal(namesOf(await loading), 'a,s')
    assert.deepEqual((await cluster.log.first(({ event }) => event === 'kubernetes.kept'))['kinds'], [
      'Secret',
    ])
    const seen = new Promise<void>(resolve => {
      cluster.source.watchVersions(({ name }) => name === 'another' && resolve())
    })
    api.apply(objects.replace('name: a', 'name: another'))
    await seen
    assert.deepEqual(cluster.results.all.map(namesOf), ['a,s'])
    api.forbid('Secret', false)
    await cluster.names('a', 'another', 's', 'unprotected')
    assert.equal(cluster.results.all.length, 2)
  })

  test(
    'is nothing while a part of it cannot be written, and all of it soon after',
    { timeout: 20_000 },
    async () => {
      await using api = await ApiServer.start()
      using folder = new Folder()
      const path = join(folder.path, 'kubernetes')
      api.apply(objects)
      await keep(path, api)
      const log = new Seen<string>()
      const kept = new KeptObjects({
        folder: path,
        scope: 'here',
        log: new Logger({ write: line => log.push(line) }),
        writeMs: 20,
      })
      // In the way of the second kind that is written.
      mkdirSync(join(path, 'Secret.next'))
      using cluster = new ClusterSource(api, [HTTPRoute, Secret], { kept })
      await cluster.load()
      await log.first(line => line.includes('kubernetes.not_kept'))
      assert.equal(existsSync(join(path, 'complete')), false)
      rmdirSync(join(path, 'Secret.next'))
      while (!existsSync(join(path, 'complete'))) await setImmediate()
      assert.equal(log.all.length, 1)
      await kept.close()
      await api.stop()
      assert.equal(await served(path, api), 'a,s')
    },
  )

  test('is for this user alone', { timeout: 20_000 }, async () => {
    await using api = await ApiServer.start()
    using folder = new Folder()
    const path = join(folder.path, 'kubernetes')
    api.apply(objects)
    await keep(path, api)
    assert.equal(statSync(path).mode & 0o777, 0o700)
    assert.equal(statSync(join(path, 'Secret')).mode & 0o777, 0o600)
    assert.match(readFileSync(join(path, 'Secret'), 'utf8'), /"name":"s"[^]*\n1\n$/)
  })
})

function cut(file: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replace(/1\n$/, ''))
}
