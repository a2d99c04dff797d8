import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Authority, tlsSecret, type KeyPair } from '../../../test/support/certificates.ts'
import { snapshotOf } from '../../../test/support/gateway.ts'
import { clientPolicy } from '../../../test/support/policies.ts'
import { gateway, yamlOf } from '../../../test/support/resources.ts'
import { httpsListener } from '../../../test/support/tls.ts'
import { ServerContexts, type ContextSpec } from './server-contexts.ts'
import { firstTicketKeys, rotated } from './ticket-keys.ts'

const authority = await Authority.make()
const one = await authority.issue({ names: ['one.example'] })
const [two, renewed] = [
  await authority.issue({ names: ['two.example'] }),
  await authority.issue({ names: ['two.example'] }),
]

/** What the handshakes of a listener with the certificates `one` and `two` are made from. */
function specs(second: KeyPair, policy: object = {}): [ContextSpec, ContextSpec] {
  const { ports, certificates = {} } = snapshotOf(
    yamlOf(
      gateway([httpsListener('https', ['one', 'two'])]),
      tlsSecret('one', one),
      tlsSecret('two', second),
      clientPolicy(policy),
    ),
  )
  const { client, listeners } = ports[0]!
  const [{ name: listener, tls: termination } = { name: '' }] = listeners
  if (termination?.mode !== 'terminate') throw new Error('the listener is not served')
  const spec = (certificate: string): ContextSpec => ({
    listener,
    certificate,
    termination,
    client,
    certificates,
  })
  return [spec('Secret/default/one'), spec('Secret/default/two')]
}

const nobody = { secured: () => {}, failed: () => {}, unusable: () => {} }

/** Each row: what has changed, and whether the contexts of the first and of the second certificate are made anew. */
for (const [what, after, anew] of [
  ['nothing', specs(two), [false, false]],
  ['the second certificate', specs(renewed), [false, true]],
  ['the groups of the port', specs(two, { tls: { groups: ['X25519'] } }), [true, true]],
  ['a limit that is none of TLS', specs(two, { limits: { fields: 7 } }), [false, false]],
] as const)
  test(`when ${what} changes, contexts are made anew: ${anew.join(', ')}`, () => {
    const contexts = new ServerContexts(nobody)
    const keys = firstTicketKeys()
    const before = specs(two).map(spec => contexts.get(spec, keys[0]))
    contexts.keep(after, keys)
    const now = after.map(spec => contexts.get(spec, keys[0]))
    assert.ok(now.every(context => context !== null))
    assert.deepEqual(
      now.map((context, i) => context !== before[i]),
      anew,
    )
  })

test('a context lasts as long as its ticket key', () => {
  const contexts = new ServerContexts(nobody)
  const keys = firstTicketKeys()
  const [spec] = specs(two)
  const made = contexts.get(spec, keys[0])
  contexts.keep([spec], rotated(keys))
  assert.equal(contexts.get(spec, keys[0]), made)
  contexts.keep([spec], rotated(rotated(keys)))
  assert.notEqual(contexts.get(spec, keys[0]), made)
})
