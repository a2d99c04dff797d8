import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { portcullis } from '../support/command.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

test('top shows what a running gateway does, to people and programs', async () => {
  await using upstream = await TestUpstream.start((_, response) => response.end('here'))
  const port = await freePort()
  using folder = new Folder({
    'all.yaml': yamlOf(
      gateway([{ name: 'http', port }]),
      httpRoute('items', { rules: [{ matches: [prefix('/items')], backendRefs: [to('items')] }] }),
      backend('items', [upstream.port]),
    ),
  })
  using data = new Folder()
  await using run = await RunProcess.start(
    [folder.path],
    '--workers',
    '1',
    '--address',
    '127.0.0.1',
    '--data',
    join(data.path, 'state'),
  )
  await run.started()
  // Figures are of the last seconds, and workers tell of endpoints and idle connections twice in one: until it is shown.
  const shownWith = async (part: string, ...args: readonly string[]) => {
    for (;;) {
      for (const path of ['/items', '/items', '/nowhere'])
        await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
      const shown = await portcullis(['top', ...args])
      if (shown.code !== 0 || shown.stdout.includes(part)) return shown
    }
  }
  const state = ['-o', 'json', '--data', join(data.path, 'state')]
  await shownWith('"serving":1', ...state)
  const ways = [
    ['--data', join(data.path, 'state')],
    ['--admin', `http://127.0.0.1:${run.admin}`],
  ]
  for (const way of ways) {
    const shown = await shownWith('httproute/', ...way)
    assert.equal(shown.code, 0, shown.stderr)
    assert.match(shown.stdout, /^requests .*4xx .*$/m)
    assert.match(shown.stdout, /^httproute\/default\/items\/0 /m)
    assert.match(shown.stdout, /^Backend\/default\/items .* 1\/1 /m)
  }
  const told = await shownWith('"routesWithTraffic":1', ...state)
  const figures: unknown = JSON.parse(told.stdout)
  assert.partialDeepStrictEqual(figures, { routesWithTraffic: 1, snapshot: 1 })

  const nobody = await portcullis(['top', '--data', join(data.path, 'other')])
  assert.equal(nobody.code, 1)
  assert.match(nobody.stderr, /no gateway of this user runs with --data/)
})
