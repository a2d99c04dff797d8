// Somebody administers the platform, whatever is asked for; on both engines.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { AdminRecords } from '../../../../test/support/admin-records.ts'
import { engines, Places } from '../../../../test/support/stores.ts'

/** Users who administer the platform, with a token each. */
async function admins(
  api: AdminRecords,
  ...names: readonly string[]
): Promise<readonly { readonly token: string; readonly binding: string }[]> {
  const made = []
  for (const name of names) {
    await api.get(201, 'PUT', `/v1/users/${name}`, { body: {} })
    const { id: binding } = await api.get(201, 'POST', '/v1/role-bindings', {
      body: { user: name, role: 'admin', scope: 'platform' },
    })
    const { secret: token } = await api.get(201, 'POST', `/v1/users/${name}/tokens`, { body: {} })
    made.push({ token, binding })
  }
  return made
}

for (const engine of engines)
  describe(engine, () => {
    const places = new Places(engine)
    const start = async (t: TestContext): Promise<AdminRecords | null> => {
      const url = await places.url(t)
      return url === null ? null : AdminRecords.start(t, url)
    }

    test('the last admin stays one, whoever would have it otherwise', async t => {
      const api = await start(t)
      if (api === null) return
      const [ann] = await admins(api, 'ann')
      const { token = '', binding = '' } = ann ?? {}
      // What does not count: another role, a role for an organization, who is disabled, a team without members.
      await api.get(201, 'PUT', '/v1/users/bob', { body: {} })
      const bind = (body: object) => api.get(201, 'POST', '/v1/role-bindings', { body })
      await bind({ user: 'bob', role: 'operator', scope: 'platform' })
      await bind({ user: 'bob', role: 'admin', scope: 'organization', organization: 'default' })
      await api.get(201, 'PUT', '/v1/users/eve', { body: { status: 'disabled' } })
      await bind({ user: 'eve', role: 'admin', scope: 'platform' })
      await api.get(201, 'PUT', '/v1/teams/root', { body: {} })
      await bind({ team: 'root', role: 'admin', scope: 'platform' })
      for (const by of [token, undefined])
        for (const [method, path, body] of [
          ['DELETE', '/v1/users/ann', undefined],
          ['PUT', '/v1/users/ann', { status: 'disabled' }],
          ['DELETE', `/v1/role-bindings/${binding}`, undefined],
        ] as const) {
          const answer = await api.ask(method, path, {
            ...(by !== undefined && { token: by }),
            ...(body !== undefined && { body }),
          })
          assert.equal(answer.status, 409, `${method} ${path}: ${answer.text}`)
          assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
          assert.match(answer.body.detail, /nobody would be left who administers the platform/)
        }
      // Nothing of it was done, tokens and roles among it.
      const me = await api.get(200, 'GET', '/v1/me', { token })
      assert.deepEqual(
        me.bindings.map(({ role, scope }) => [role, scope]),
        [['admin', 'platform']],
      )
      await api.get(200, 'PUT', '/v1/users/ann', { token, body: { title: 'Ann' } })

      // By a team somebody is one as well, until the team or its last member goes.
      await api.get(201, 'PUT', '/v1/teams/root/members/bob', {})
      await api.get(200, 'DELETE', '/v1/users/ann', { token })
      for (const path of ['/v1/teams/root/members/bob', '/v1/teams/root', '/v1/users/bob'])
        await api.get(409, 'DELETE', path)
      await admins(api, 'zoe')
      await api.get(200, 'DELETE', '/v1/teams/root')
    })

    test('of two who delete each other at once one is left', async t => {
      const api = await start(t)
      if (api === null) return
      for (let round = 0; round < 8; round++) {
        const names = [`ann${round}`, `bob${round}`] as const
        const [ann, bob] = await admins(api, ...names)
        if (round > 0) await api.get(200, 'DELETE', `/v1/users/${left(round - 1)}`)
        const answers = await Promise.all([
          api.ask('DELETE', `/v1/users/${names[1]}`, { token: ann!.token }),
          api.ask('DELETE', `/v1/users/${names[0]}`, { token: bob!.token }),
        ])
        const statuses = answers.map(({ status }) => status)
        // Who was deleted before is asked who that is.
        assert.ok(
          statuses.filter(status => status === 200).length === 1 &&
            statuses.every(status => [200, 401, 403, 404, 409].includes(status)),
          String(statuses),
        )
        survivors.push(statuses[0] === 200 ? names[0] : names[1])
        await api.get(200, 'GET', `/v1/users/${left(round)}`)
      }
    })

    const survivors: string[] = []
    const left = (round: number): string => survivors[round]!
  })
