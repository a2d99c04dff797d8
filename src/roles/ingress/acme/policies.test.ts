import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Authority, type KeyPair } from '../../../../test/support/certificates.ts'
import { parseResources } from '../../../../test/support/declared.ts'
import { gateway, yamlOf } from '../../../../test/support/resources.ts'
import { translate } from '../../../../test/support/translate.ts'
import type { Condition } from '../../../model/resource.ts'
import { Resources } from '../../../model/resources.ts'
import type { Translation } from '../../../snapshot/merge.ts'
import { parseKeyPair } from '../../../translation/pem.ts'
import { ACME, wantedIn, type AcmeFacts } from './facts.ts'
import { NOTHING_YET, type CertificateState } from './issued.ts'

const nowMs = Date.now()
const authority = await Authority.make()
const good = stateOf(await authority.issue({ names: ['a.example'] }))
const failure = { reason: 'DirectoryUnreachable', message: 'ECONNREFUSED', atMs: nowMs }
const retryMs = Date.parse('2100-01-01T00:00:00Z')

function stateOf(pair: KeyPair): CertificateState {
  const parsed = parseKeyPair(pair.chain, pair.key)
  assert.ok('certificate' in parsed)
  return { ...NOTHING_YET, parsed, renewMs: nowMs + 60_000 }
}

const plain = { name: 'plain', port: 80 }
const a = { name: 'a', port: 443, protocol: 'HTTPS', hostname: 'a.example' }
const b = { ...a, name: 'b', hostname: 'b.example' }

function declared(more: object = {}, listeners = [plain, a, b]): Resources {
  const policy = {
    apiVersion: 'portcullis.dev/v1alpha1',
    kind: 'CertificatePolicy',
    metadata: { name: 'acme' },
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' }],
      account: { termsOfServiceAgreed: true },
      ...more,
    },
  }
  const { resources, problems } = parseResources('t.yaml', yamlOf(gateway(listeners), policy))
  assert.deepEqual(problems, [])
  return Resources.of(resources)
}

/** With this state of the certificate for a.example. */
function translated(state: CertificateState, resources = declared()): Translation {
  const [wanted] = wantedIn(translate(resources).wants)
  const facts: AcmeFacts = { issued: new Map([[wanted!.id, state]]), channel: 'c' }
  return translate(resources, { facts: { [ACME]: facts }, nowMs })
}

function find({ conditions }: Translation, type: string, listener?: string): Condition | undefined {
  return conditions.find(
    one =>
      one.type === type &&
      one.listener === listener &&
      (listener !== undefined || one.about.kind !== 'Gateway'),
  )
}

function shown({ parts }: Translation, name: string): unknown {
  const listener = parts.ports
    .flatMap(({ listeners }) => listeners)
    .find(one => one.name === `default/gw/${name}`)
  return listener?.tls?.mode === 'terminate' ? listener.tls.certificates : listener?.tls?.mode
}

test('a listener shows what was obtained for it and nothing else, and the other one waits', () => {
  const translation = translated(good)
  assert.deepEqual(shown(translation, 'a'), ['CertificatePolicy/default/acme a.example'])
  assert.deepEqual(shown(translation, 'b'), [])
  assert.equal(find(translation, 'Programmed', 'a')?.status, 'True')
  const waiting = find(translation, 'Programmed', 'b')
  assert.deepEqual([waiting?.status, waiting?.reason, waiting?.follows], ['False', 'Pending', true])
  assert.deepEqual(Object.keys(translation.parts.certificates ?? {}), [
    'CertificatePolicy/default/acme a.example',
  ])
  assert.equal(
    translation.expiresMs.get('CertificatePolicy/default/acme a.example'),
    good.parsed?.validity[0]?.untilMs,
  )
  assert.match(find(translation, 'Issued')?.message ?? '', /a certificate for b\.example is being obtained/)
})

test('what was refused is told with when it is tried again', () => {
  const issued = find(translated({ ...NOTHING_YET, failure, retryMs }), 'Issued')
  assert.equal(issued?.reason, 'DirectoryUnreachable')
  assert.match(
    issued.message,
    /a\.example could not be had \(ECONNREFUSED\); it is tried again on 2100-01-01T00:00:00Z/,
  )
})

test('a renewal that fails is bad news of its own, and what is there serves', () => {
  const translation = translated({ ...good, failure, retryMs }, declared({ names: ['a.example'] }))
  assert.deepEqual(shown(translation, 'a'), ['CertificatePolicy/default/acme a.example'])
  assert.equal(find(translation, 'Issued')?.status, 'True')
  const failed = find(translation, 'RenewalFailed')
  assert.equal(failed?.status, 'True')
  assert.match(failed.message, /and serves until .* it is tried again on 2100-01-01/)
})

test('one that has expired is shown to nobody, and translation comes back when one does', async () => {
  const expired = stateOf(await authority.issue({ names: ['a.example'], days: -1 }))
  assert.deepEqual(shown(translated(expired), 'a'), [])
  assert.equal(translated(good).dueMs, good.parsed!.validity[0]!.untilMs + 1)
})

test('only listeners that are validated by TLS ask what to show', () => {
  const asks = (translation: Translation): number =>
    translation.parts.ports.flatMap(({ listeners }) => listeners).filter(one => one.challenges === 'c').length
  assert.equal(asks(translated(good)), 0)
  assert.equal(asks(translated(good, declared({ challenge: 'tls-alpn-01' }))), 2)
})

test('no key of an account is in anything that is sent to workers or said', () => {
  const translation = translated(good)
  assert.doesNotMatch(JSON.stringify([translation.conditions, translation.problems]), /PRIVATE KEY/)
  assert.doesNotMatch(JSON.stringify(translation.parts.ports), /PRIVATE KEY/)
})

test('where the authority asks on port 80 and nobody listens, somebody is told', () => {
  const reasons = (resources: Resources) => translate(resources).problems.map(({ reason }) => reason)
  assert.ok(reasons(declared({}, [a])).includes('NoChallengeListener'))
  assert.ok(!reasons(declared({}, [plain, a])).includes('NoChallengeListener'))
  assert.ok(!reasons(declared({ challenge: 'tls-alpn-01' }, [a])).includes('NoChallengeListener'))
})
