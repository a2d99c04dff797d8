import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { gateway, httpRoute, prefix, to, yamlOf } from '../support/resources.ts'

/** Ways to name this machine by which a request could come to the admin listener from loopback. */
const ways = {
  loopback: '127.0.0.1',
  name: 'localhost',
  mapped: '::ffff:127.0.0.1',
  nowhere: '0.0.0.0',
}

// Views are open to loopback where Host is localhost: a route that rewrites Host would have opened them to the world.
for (const bound of ['127.0.0.1', '0.0.0.0'])
  test(`no route leads to the admin listener on ${bound}`, async () => {
    const admin = await freePort()
    const port = await freePort()
    const rules = Object.keys(ways).map(name => ({
      matches: [prefix(`/${name}`)],
      filters: [
        {
          type: 'URLRewrite',
          urlRewrite: {
            hostname: 'localhost',
            path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' },
          },
        },
      ],
      backendRefs: [to(name)],
    }))
    using folder = new Folder({
      'all.yaml': yamlOf(
        gateway([{ name: 'http', port }]),
        httpRoute('all', { rules }),
        ...Object.entries(ways).map(([name, address]) => ({
          apiVersion: 'portcullis.dev/v1alpha1',
          kind: 'Backend',
          metadata: { name },
          spec: { endpoints: [{ address, port: admin }] },
        })),
      ),
    })
    await using process = await RunProcess.start(
      [folder.path],
      '--admin',
      `${bound}:${admin}`,
      '--workers',
      '1',
      '--address',
      '127.0.0.1',
    )
    await process.started()
    // It is there for who asks it himself, and the routes are there too.
    assert.equal((await fetch(`http://127.0.0.1:${admin}/healthz`)).status, 200)
    for (const name of Object.keys(ways)) {
      const answer = await fetch(`http://127.0.0.1:${port}/${name}/healthz`)
      assert.equal(answer.status, 502, name)
      const line = await process.access.first(one => one['url.path'] === `/${name}/healthz`)
      // A name may be ::1 too, where nobody listens.
      const failures = ['destination_ip_prohibited', ...(name === 'name' ? ['connection_refused'] : [])]
      assert.ok(failures.includes(String(line['portcullis.failure'])), JSON.stringify(line))
    }
    const told = await process.event('endpoint.connect_failed')
    assert.equal(told['reason'], 'the admin listener of this gateway')
  })
