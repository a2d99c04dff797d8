import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { BackendTLSPolicy } from '../model/kinds/backend-tls-policy.ts'
import { ClientPolicy } from '../model/kinds/client-policy.ts'
import { Service } from '../model/kinds/service.ts'
import type { RoleName } from '../model/kind.ts'
import { Resources } from '../model/resources.ts'
import { validate } from '../model/validate.ts'
import { readText } from '../model/yaml.ts'
import { translateAll, type Role } from '../translation/role.ts'
import { roleSelection } from './command/role-selection.ts'
import { choose, roles as built } from './roles.ts'

suite('which roles are chosen', () => {
  for (const [text, wanted, off] of [
    ['all', null, []],
    ['ingress', ['ingress'], []],
    [' ingress , mesh ', ['ingress', 'mesh'], []],
    ['-management', null, ['management']],
    ['-management,-mesh', null, ['management', 'mesh']],
    ['ingress,-management', ['ingress'], ['management']],
    ['all,-composition', null, ['composition']],
  ] as const)
    test(text, () => assert.deepEqual(roleSelection(text), { wanted, off }))

  for (const [text, message] of [
    ['', /^names no role, expected all, or of ingress, management, composition, mesh$/],
    [',', /^names no role/],
    ['ingres', /^"ingres" is no role \(did you mean "ingress"\?\), expected all, or of ingress, /],
    ['-managment', /^"managment" is no role \(did you mean "management"\?\)/],
    ['-all', /^"all" is no role/],
    ['ingress,-ingress', /^has ingress both with a minus and without/],
  ] as const)
    test(`"${text}" is wrong`, () => assert.throws(() => roleSelection(text), { message }))
})

/** Two more roles than are built, one of which shares a kind with ingress and has two of its own there. */
const doubles: readonly Role[] = [
  {
    ...built[0]!,
    kinds: built[0]!.kinds.filter(kind => kind !== BackendTLSPolicy && kind !== ClientPolicy),
  },
  { name: 'mesh', kinds: [Service, BackendTLSPolicy, ClientPolicy], translate: () => ({ conditions: [] }) },
]

suite('which roles run', () => {
  for (const [text, running] of [
    ['all', ['ingress', 'mesh']],
    ['mesh', ['mesh']],
    ['mesh,ingress', ['ingress', 'mesh']],
    ['-mesh', ['ingress']],
    ['-management', ['ingress', 'mesh']],
    ['-ingress,-composition', ['mesh']],
  ] as const)
    test(text, () => {
      const { roles, kinds } = choose(roleSelection(text), doubles)
      assert.deepEqual(
        roles.map(({ name }) => name),
        running,
      )
      const has = (name: RoleName): boolean => roles.some(role => role.name === name)
      assert.equal(kinds.find('', 'Service'), Service)
      assert.equal(kinds.find(BackendTLSPolicy.group, 'BackendTLSPolicy') !== undefined, has('mesh'))
      assert.equal(kinds.find(BackendTLSPolicy.group, 'HTTPRoute') !== undefined, has('ingress'))
    })

  for (const [text, message] of [
    ['management', /^--roles: management is not built yet, expected ingress, mesh$/],
    ['ingress,composition', /^--roles: composition is not built yet/],
    ['-ingress,-mesh', /^--roles: leaves no role that is built, expected ingress, mesh$/],
    ['mesh,-management', null],
  ] as const)
    test(`${text}: ${String(message)}`, () => {
      const chosen = () => choose(roleSelection(text), doubles)
      if (message === null) chosen()
      else assert.throws(chosen, { message })
    })
})

const declared = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: gw }
spec: { gatewayClassName: portcullis, listeners: [{ name: http, port: 80, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec: { parentRefs: [{ name: gw }], rules: [{ backendRefs: [{ name: items, port: 80 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: items }
spec: { clusterIP: 10.0.0.1, ports: [{ port: 80 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: tls }
spec:
  targetRefs: [{ group: "", kind: Service, name: items }]
  validation: { hostname: items.example, wellKnownCACertificates: System }
---
apiVersion: portcullis.dev/v1alpha1
kind: ClientPolicy
metadata: { name: tuned }
spec: { targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: gw }] }
`

/** What becomes of the route, and all that is said of the policies of the other role. */
function outcome(text: string) {
  const { roles, kinds } = choose(roleSelection(text), doubles)
  const validations = readText(declared, 'a.yaml').declarations.map(one => validate(one, kinds))
  const resources = Resources.of(
    validations.flatMap(({ resource }) => resource ?? []),
    validations.flatMap(({ unenforced }) => unenforced ?? []),
  )
  const { parts, conditions, problems } = translateAll(roles, resources)
  const rule = parts.ports[0]?.listeners[0]?.hosts[0]?.entries[0]?.rule
  const said = [
    ...validations.flatMap(one => one.problems),
    ...problems.filter(({ reason }) => reason === 'RoleAbsent'),
  ].map(({ severity, message }) => `${severity}: ${message}`)
  const enforced = conditions.filter(({ type }) => type === 'Enforced').map(({ message }) => message)
  return { action: rule?.action.type, said: [...said, ...enforced] }
}

suite('what a role would protect that is built and does not run', () => {
  const tuning = 'warning: ClientPolicy is for the role mesh, which'
  test('is closed where a list leaves it out', () => {
    const { action, said } = outcome('ingress')
    assert.equal(action, 'respond')
    assert.equal(said.length, 2)
    assert.equal(said[0], `${tuning} --roles leaves out`)
    assert.match(
      said[1] ?? '',
      /^spec\.targetRefs\[0\]: BackendTLSPolicy is for the role mesh, which --roles leaves out; Service default\/items, .* closed instead: .*; to serve without it, give --roles with -mesh in its list$/,
    )
  })

  for (const text of ['-mesh', 'ingress,-mesh'])
    test(`is served by ${text}, which is told`, () => {
      assert.deepEqual(outcome(text), {
        action: 'forward',
        said: [
          'warning: BackendTLSPolicy is for the role mesh, which --roles switches off',
          `${tuning} --roles switches off`,
        ],
      })
    })

  for (const text of ['all', '-management'])
    test(`is read where it runs: ${text}`, () => {
      assert.deepEqual(outcome(text), { action: 'forward', said: [] })
    })
})
