import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AdminPaths, startAdmin } from './admin.ts'

const view = (paths: AdminPaths) => ({
  paths,
  ready: () => true,
  metrics: () => Promise.resolve('m 1\n'),
  status: () => ({ version: 1 }),
})

test('services answer on paths of their own, and take none that is taken', async () => {
  const paths = new AdminPaths()
  paths.add('/v1/', (_, response) => void response.end('v1'))
  paths.add('/v1/keys/', (_, response) => void response.end('keys'))
  paths.add('/v1/keys/one', async (_, response) => {
    await Promise.resolve()
    response.end('one')
  })
  for (const taken of ['/v1/keys/one', '/metrics'])
    assert.throws(() => paths.add(taken, () => {}), /is taken/)
  const server = await startAdmin({ host: '127.0.0.1', port: 0 }, view(paths))
  const { port } = server.address() as { port: number }
  const get = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  const rows = [
    ['/v1/x', 'v1'],
    ['/v1/keys/two', 'keys'],
    ['/v1/keys/one?a=b', 'one'],
    ['/metrics', 'm 1\n'],
    ['/v1', 'not found; there are /healthz, /readyz, /metrics, /status, /v1/, /v1/keys/, /v1/keys/one\n'],
  ] as const
  for (const [path, answer] of rows) assert.equal(await get(path), answer, path)
  server.close()
  server.closeAllConnections()
})
