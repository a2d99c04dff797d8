import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseResources } from '../../../test/support/declared.ts'

const ca = 'caCertificateRefs: [{ group: "", kind: ConfigMap, name: ca }]'

function problemsOf(targets: string, validation: string): string[] {
  const text = `
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: p }
spec: { targetRefs: [${targets}], validation: { ${validation} } }
`
  return parseResources('p.yaml', text).problems.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

const service = '{ group: "", kind: Service, name: s }'
const section = (name: string): string => `{ group: "", kind: Service, name: s, sectionName: ${name} }`

/** Each row: targetRefs, validation, and what is wrong with them (the CRD's CEL rules). */
for (const [targets, validation, expected] of [
  [service, `hostname: a.example, ${ca}`, []],
  [service, 'hostname: a.example, wellKnownCACertificates: System', []],
  [`${section('a')}, ${section('b')}`, `hostname: a.example, ${ca}`, []],
  [
    service,
    'hostname: a.example',
    ['spec.validation: names no authority, expected caCertificateRefs or wellKnownCACertificates'],
  ],
  [
    service,
    `hostname: a.example, ${ca}, wellKnownCACertificates: System`,
    [
      'spec.validation.wellKnownCACertificates: must be absent beside caCertificateRefs, expected one of the two',
    ],
  ],
  [
    `${service}, ${section('a')}`,
    `hostname: a.example, ${ca}`,
    ['spec.targetRefs.1.sectionName: refers to the same object as another one, expected sectionName on both'],
  ],
  [
    `${section('a')}, ${section('a')}`,
    `hostname: a.example, ${ca}`,
    [
      'spec.targetRefs.1: refers to the same object and section as another one, expected a sectionName of its own',
    ],
  ],
  [
    service,
    `hostname: a.example, ${ca}, subjectAltNames: [{ type: URI, hostname: x.example }]`,
    [
      'spec.validation.subjectAltNames.0.uri: is required for type URI',
      'spec.validation.subjectAltNames.0.hostname: must be absent for type URI',
    ],
  ],
] as const)
  test(`targets ${targets}, validation ${validation}: ${expected.length} problems`, () => {
    assert.deepEqual(problemsOf(targets, validation), expected)
  })

test('a relative URI is no subject alternative name', () => {
  const [problem = ''] = problemsOf(
    service,
    `hostname: a.example, ${ca}, subjectAltNames: [{ type: URI, uri: /ns/a }]`,
  )
  assert.match(problem, /expected an absolute URI like/)
})
