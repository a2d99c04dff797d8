// Compiled code is kept in --data, or where the system has caches, and nothing depends on that.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Folder, freePort, RunProcess } from '../support/process.ts'

const gateway = (port: number) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: g }
spec:
  gatewayClassName: portcullis
  addresses: [{ type: IPAddress, value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
`

/** Starts with this folder for data, and ends: the files that were kept in `compiled` of it. */
async function keptBy(data: string, env: Readonly<Record<string, string>> = {}): Promise<string[]> {
  return keptWith(data, env, '--data', data)
}

async function keptWith(
  data: string,
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<string[]> {
  using files = new Folder({ 'gateway.yaml': gateway(await freePort()) })
  await using run = await RunProcess.startWith(env, [files.path], '--workers', '1', ...args)
  await run.started()
  assert.equal(await run.stop(), 0)
  const folder = join(data, 'compiled')
  return existsSync(folder) ? filesBelow(folder) : []
}

function filesBelow(folder: string): string[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
  return found.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
}

test('what is compiled is kept in --data, which is made', async () => {
  using work = new Folder()
  const data = join(work.path, 'state', 'portcullis')
  const first = await keptBy(data)
  // The main thread's and the worker's.
  assert.ok(first.length > 100, `${first.length} files`)
  assert.deepEqual((await keptBy(data)).toSorted(), first.toSorted())
})

test('where nothing can be kept in --data, the folder of caches is taken', async () => {
  using work = new Folder()
  const home = join(work.path, 'a-file')
  writeFileSync(home, '')
  const cache = join(work.path, 'cache')
  const env = { XDG_STATE_HOME: home, XDG_CACHE_HOME: cache, CACHE_DIRECTORY: '' }
  assert.deepEqual(await keptWith(join(home, 'portcullis'), env), [])
  assert.ok(filesBelow(join(cache, 'portcullis')).length > 100)
})

test('nothing is taken from, or put into, what others can write', async () => {
  using work = new Folder()
  const data = join(work.path, 'data')
  mkdirSync(join(data, 'compiled'), { recursive: true })
  chmodSync(join(data, 'compiled'), 0o777)
  assert.deepEqual(await keptBy(data, { XDG_CACHE_HOME: '/dev/null', CACHE_DIRECTORY: '' }), [])
})
