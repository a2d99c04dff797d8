import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { portcullis } from '../support/command.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { send } from '../support/client.ts'
import { TestUpstream } from '../support/upstream.ts'

/** A route of which `/admin` has a policy of management, and `/both` one that mesh is to have, too. */
const shop = (port: number, upstream: number) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw }
spec:
  gatewayClassName: portcullis
  addresses: [{ value: 127.0.0.1 }]
  listeners: [{ name: http, port: ${port}, protocol: HTTP }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: gw }]
  rules:
    - name: open
      backendRefs: [{ group: portcullis.dev, kind: Backend, name: up }]
    - name: admin
      matches: [{ path: { value: /admin } }]
      backendRefs: [{ group: portcullis.dev, kind: Backend, name: up }]
    - name: both
      matches: [{ path: { value: /both } }]
      backendRefs: [{ group: portcullis.dev, kind: Backend, name: up }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: up }
spec: { endpoints: [{ address: 127.0.0.1, port: ${upstream} }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: AuthenticationPolicy
metadata: { name: keys }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: shop, sectionName: admin }]
  credentials: [{ apiKey: {} }]
---
apiVersion: portcullis.dev/v1alpha1
kind: AuthorizationPolicy
metadata: { name: rules }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: shop, sectionName: both }]
  rules: [{ name: nobody, action: Deny }]
`

/** Which of `/`, `/admin` and `/both` is served, by the value of --roles. */
const table = [
  [null, [200, 401, 403]],
  ['all', [200, 401, 403]],
  ['management,ingress', [200, 401, 403]],
  ['ingress', [200, 500, 500]],
  ['-composition', [200, 401, 403]],
  ['-mesh', [200, 401, 403]],
  ['-management', [200, 200, 500]],
  ['ingress,-management', [200, 200, 500]],
  ['-management,-mesh', [200, 200, 200]],
] as const
const paths = ['/', '/admin', '/both']

suite('what roles would protect that do not run', () => {
  for (const [value, statuses] of table) {
    const flags = value === null ? [] : ['--roles', value]

    test(`${flags.join(' ')}: run answers ${statuses.join(', ')}`, async () => {
      await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
      const port = await freePort()
      using folder = new Folder({ 'shop.yaml': shop(port, upstream.port) })
      // What declares management makes a store, which must not be that of other tests.
      using data = new Folder()
      await using run = await RunProcess.start([folder.path], ...flags, '--workers', '1', '--data', data.path)
      await run.started()
      for (const [i, path] of paths.entries())
        assert.equal((await send(port, { path })).status, statuses[i], path)
    })

    test(`${flags.join(' ')}: check and explain say the same`, async () => {
      using folder = new Folder({ 'shop.yaml': shop(80, 9000) })
      const check = await portcullis(['check', ...flags, folder.path])
      assert.equal(check.code, statuses.some(status => status === 500) ? 1 : 0, check.stdout)
      const served = statuses.filter(status => status !== 500).length
      assert.equal(check.stdout.match(/ → Backend\/default\/up/g)?.length, served, check.stdout)
      const { stdout } = await portcullis(['explain', ...flags, 'GET', 'http://a/admin', folder.path])
      assert.equal(stdout.includes('protection_missing'), statuses[1] === 500, stdout)
      // The cause once: on the policy, with what it closes and how to do without.
      const closed = statuses.filter(status => status === 500).length
      assert.equal(check.stdout.match(/Enforced=False RoleAbsent/g)?.length ?? 0, closed)
      const off = statuses.slice(1).filter(status => status === 200).length
      assert.equal(check.stdout.match(/--roles switches off/g)?.length ?? 0, off)
      const without = (roles: string): string =>
        closed === 2 ? `--roles with ${roles} in its list` : `--roles=${roles}`
      if (closed === 2)
        assert.ok(check.stdout.includes(`to serve without it, give ${without('-management')}\n`))
      if (closed > 0)
        assert.ok(check.stdout.includes(`to serve without it, give ${without('-management,-mesh')}\n`))
    })
  }

  test('the environment says the same as the flag', async () => {
    await using upstream = await TestUpstream.start((_, response) => void response.end('ok'))
    const port = await freePort()
    using folder = new Folder({ 'shop.yaml': shop(port, upstream.port) })
    const env = { PORTCULLIS_ROLES: '-management' }
    using data = new Folder()
    await using run = await RunProcess.startWith(env, [folder.path], '--workers', '1', '--data', data.path)
    await run.started()
    assert.equal((await send(port, { path: '/admin' })).status, 200)
  })
})

suite('roles that cannot be had are wrong use', () => {
  for (const [value, message, commands] of [
    [
      'mesh',
      /^portcullis: --roles: mesh is not built yet, expected ingress, management, composition$/m,
      ['run', 'check', 'explain', 'proxy'],
    ],
    [
      'ingress,mesh',
      /^portcullis: --roles: mesh is not built yet, expected ingress, management, composition$/m,
      ['check'],
    ],
    [
      '-ingress,-management,-composition',
      /^portcullis: --roles: leaves no role that is built, expected ingress, management, composition$/m,
      ['check'],
    ],
    [
      'ingres',
      /^portcullis: --roles: "ingres" is no role \(did you mean "ingress"\?\), expected all, or of /m,
      ['check'],
    ],
    ['mesh,-mesh', /^portcullis: --roles: has mesh both with a minus and without/m, ['check']],
  ] as const)
    for (const command of commands)
      test(`${command} --roles=${value}`, async () => {
        using folder = new Folder()
        const { code, stderr } = await portcullis([
          command,
          ...operands(command, folder.path),
          `--roles=${value}`,
        ])
        assert.deepEqual([code, message.test(stderr)], [2, true], stderr)
      })
})

function operands(command: string, folder: string): readonly string[] {
  if (command === 'proxy') return ['--save', folder, ':8080', '/=127.0.0.1:1']
  return command === 'explain' ? ['GET', 'http://a/', folder] : [folder]
}
