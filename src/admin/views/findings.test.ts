import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { backend, gateway, httpRoute, to, yamlOf } from '../../../test/support/resources.ts'
import { inForceOf, seenOf } from '../../../test/support/in-force.ts'
import { heldConditions } from '../../control/held.ts'
import { withPortErrors } from '../../control/port-errors.ts'
import type { InForce } from '../../control/controller.ts'
import { Backend } from '../../model/kinds/backend.ts'
import type { Problem } from '../../model/resource.ts'
import { keyOf, refOf } from '../../model/resources.ts'
import { countsOf, findingsInForce, findingView } from './findings.ts'
import { Views } from './views.ts'

const good = yamlOf(
  gateway(),
  backend('up', [9_000]),
  httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
)
const bad = yamlOf(gateway(), httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }))

/** What the controller makes of a port that is taken. */
function withPort(inForce: InForce): InForce {
  const { status, snapshot, resources } = inForce
  const portErrors = [{ key: snapshot.ports[0]!.key, error: 'EADDRINUSE' }]
  const conditions = withPortErrors(status.conditions, snapshot.ports, portErrors, resources)
  return { ...inForce, status: { ...status, conditions, portErrors } }
}

/** What it makes of a Backend that is broken now. */
function withHeld(inForce: InForce, problems: readonly Problem[]): InForce {
  const { status, resources } = inForce
  const resource = resources.get(Backend, 'default', 'up')!
  const held = [{ key: keyOf(resource), resource, since: '2026-01-02T03:04:05Z' }]
  const conditions = [...status.conditions, ...heldConditions(held, problems)]
  return { ...inForce, held, status: { ...status, conditions, problems: [...status.problems, ...problems] } }
}

const broken: Problem = {
  severity: 'error',
  position: { file: 'shop.yaml', line: 7, column: 3 },
  resource: refOf(inForceOf(good).resources.get(Backend, 'default', 'up')!),
  path: ['spec', 'endpoint'],
  message: 'unknown field',
}

suite('what is wrong', () => {
  for (const [what, inForce, expected] of [
    ['nothing', inForceOf(good), []],
    [
      'a backend that is not there, as check says',
      inForceOf(bad),
      ['error HTTPRoute/r spec.rules[0].backendRefs[0] BackendNotFound running=false held=false'],
    ],
    [
      'a port that is taken, which only a running gateway knows, once',
      withPort(inForceOf(good)),
      ['error Gateway/gw spec.listeners[0].port PortUnavailable running=true held=false'],
    ],
    [
      'a broken object of which the last good version serves',
      withHeld(inForceOf(good), [broken]),
      ['error Backend/up spec.endpoint  running=false held=true'],
    ],
    [
      'one whose file cannot be read as a whole',
      withHeld(inForceOf(good), []),
      ['error Backend/up  InvalidDeclaration running=true held=true'],
    ],
  ] as const)
    test(what, () => {
      const views = findingsInForce(inForce).map(findingView)
      assert.deepEqual(
        views.map(
          ({ severity, object, path, reason, running, held }) =>
            `${severity} ${object?.kind ?? ''}/${object?.name ?? ''} ${path} ${reason} running=${running} held=${held}`,
        ),
        expected,
      )
      for (const { held, since, hint } of views)
        assert.deepEqual([since !== null, hint !== null], [held, held])
    })

  test('endpoints that cannot be reached are found too, and all of a cluster are an error', async () => {
    const failing = {
      address: '127.0.0.1',
      port: 9_000,
      state: 'serving',
      reason: '',
      ejectedForMs: 0,
      failures: 2,
      failure: 'connection_refused',
      requestsPerS: 0,
    } as const
    const of = (ports: readonly number[]) =>
      inForceOf(
        yamlOf(gateway(), backend('up', ports), httpRoute('r', { rules: [{ backendRefs: [to('up')] }] })),
      )
    for (const [ports, severity, expected] of [
      [[9_000], 'error', /^no endpoint of Backend\/default\/up can be reached: 127\.0\.0\.1:9000 is failing/],
      [
        [9_000, 9_001],
        'warning',
        /^of Backend\/default\/up 127\.0\.0\.1:9000 is failing, connection_refused, 2 times in a row.*\(1 of 2 workers say so\)$/,
      ],
    ] as const) {
      const whole = { ...failing, port: 9_001, failures: 0, failure: null }
      const answer = (one: typeof failing | typeof whole) => [
        {
          cluster: 'Backend/default/up',
          panics: false,
          breaker: null,
          retries: null,
          endpoints: [one, whole],
          names: [],
        },
      ]
      const views = new Views(
        seenOf(of(ports), {
          health: () => Promise.resolve([answer(failing), answer({ ...whole, port: 9_000 })]),
        }),
      )
      const [found, ...others] = await views.findings()
      assert.deepEqual([found?.severity, found?.reason, others], [severity, 'EndpointFailing', []])
      assert.match(found?.message ?? '', expected)
      assert.match(found?.line ?? '', /^shop\.yaml:\d+:\d+ Backend\/default\/up: /)
      assert.equal(countsOf([found!]).errors, severity === 'error' ? 1 : 0)
    }
  })

  test('a worker that does not answer is told of', async () => {
    const views = new Views(seenOf(inForceOf(good), { health: () => Promise.resolve([[], null]) }))
    const findings = await views.findings()
    assert.deepEqual(
      findings.map(({ severity, message }) => `${severity} ${message}`),
      ['warning 1 of 2 workers did not say how endpoints are'],
    )
  })
})
