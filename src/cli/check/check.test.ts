import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { choose, kinds } from '../roles.ts'
import { translateAll } from '../../translation/role.ts'
import { FileSource } from '../../control/files/file-source.ts'
import type { Condition, Problem } from '../../model/resource.ts'
import { Resources } from '../../model/resources.ts'
import { parseResources } from '../../../test/support/declared.ts'
import { translate } from '../../../test/support/translate.ts'
import { linesWith } from '../../control/findings.ts'
import type { Counts } from './serves.ts'
import { judge, verdictJson } from './verdict.ts'

const gateway = `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: http, protocol: HTTP, port: 80 }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: items }
spec: { endpoints: [{ address: 127.0.0.1, port: 9000 }] }
---`

const route = (body: string) => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: items }
spec:
  parentRefs: [{ name: front }]
  ${body}
`

/** What -o json writes. */
function jsonOn(text: string): Record<string, unknown> {
  const { resources, problems } = parseResources('a.yaml', text)
  const translation = translate(Resources.of(resources))
  const verdict = judge(problems, translation)
  return Object.fromEntries(
    Object.entries(JSON.parse(verdictJson(verdict, problems, translation.conditions)) as object),
  )
}

interface Verdict {
  readonly ok: boolean
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
  readonly serves: Counts
}

function verdictOf(paths: readonly string[], strict = false): Verdict {
  const load = new FileSource(paths, kinds).load()
  const { ok, findings, serves } = judge(load.problems, translate(load.resources), strict)
  return {
    ok,
    serves,
    errors: [...linesWith(findings, 'error')],
    warnings: [...linesWith(findings, 'warning')],
  }
}

function verdictOn(text: string, strict = false): Verdict {
  const dir = mkdtempSync(join(tmpdir(), 'portcullis-check-'))
  try {
    writeFileSync(join(dir, 'a.yaml'), text)
    return verdictOf([dir], strict)
  } finally {
    rmSync(dir, { recursive: true })
  }
}

const good = route(
  'rules: [{ backendRefs: [{ group: portcullis.dev, kind: Backend, name: items }], matches: [{ method: GET }, { method: PUT }] }]',
)

suite('check', () => {
  test('good resources are counted, a rule once however many matches it has', () => {
    const verdict = verdictOn(gateway + good)
    assert.deepEqual(verdict.errors, [])
    assert.deepEqual(verdict.serves, { ports: 1, listeners: 1, rules: 1, clusters: 1, endpoints: 1 })
    assert.equal(verdict.ok, true)
  })

  for (const [what, text, message] of [
    [
      'a missing backend',
      gateway + route('rules: [{ backendRefs: [{ name: gone, port: 80 }] }]'),
      /HTTPRoute\/items .*BackendNotFound/,
    ],
    [
      'an unknown field',
      gateway + good + '  rulez: []\n',
      /a\.yaml:\d+:\d+ HTTPRoute\/items spec\.rulez: .*did you mean "rules"/,
    ],
    [
      'a protocol that is not served',
      gateway.replace('protocol: HTTP,', 'protocol: example.com/quic,') + good,
      /Gateway\/front .*UnsupportedProtocol/,
    ],
    ['broken YAML', `${gateway}\nkind: [`, /a\.yaml:\d+:\d+/],
    [
      'nothing that listens',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { a: b }\n',
      /no Gateway/,
    ],
  ] as const)
    test(`${what} is an error`, () => {
      const { ok, errors } = verdictOn(text)
      assert.equal(ok, false)
      assert.match(errors.join('\n'), message)
    })

  test("somebody else's kind is worth a warning, and no error", () => {
    const { ok, warnings } = verdictOn(
      `${gateway + good}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\n`,
    )
    assert.equal(ok, true)
    assert.match(
      warnings.join('\n'),
      /^\S+a\.yaml:\d+:1 Deployment\/a kind: Deployment of apps\/v1 is nothing/,
    )
  })

  const selecting = route(`rules: [{ backendRefs: [{ name: s, port: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: s }
spec: { selector: { app: s }, ports: [{ port: 80 }] }
`)

  test('a warning is an error where it is to be strict', () => {
    const mild = verdictOn(gateway + selecting)
    assert.deepEqual([mild.ok, mild.errors, mild.warnings.length], [true, [], 1])
    const strict = verdictOn(gateway + selecting, true)
    assert.deepEqual([strict.ok, strict.warnings], [false, []])
    assert.deepEqual(
      strict.errors.map(line => line.replace(/^\S+ /, '')),
      mild.warnings.map(line => line.replace(/^\S+ /, '')),
    )
  })

  test("somebody else's kinds are no errors to the strict either", () => {
    const { ok, warnings } = verdictOn(
      `${gateway + good}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a }\n`,
      true,
    )
    assert.deepEqual([ok, warnings.length], [true, 2])
  })

  for (const [what, broken] of [
    ['was refused', (text: string) => text.replace('listeners: [', 'listener: [')],
    ['stands in what cannot be read', (text: string) => text.replace('listeners: [', 'listeners: [[')],
  ] as const)
    test(`what follows from a Gateway that ${what} is a note`, () => {
      const [front = '', back = ''] = gateway.split(/^---$/m)
      const texts = [
        { name: 'gateway.yaml', text: broken(front) },
        { name: 'routes.yaml', text: `${back}---\n${good}` },
      ]
      const load = new FileSource([], kinds, { texts }).load()
      const { ok, findings } = judge(load.problems, translate(load.resources))
      assert.equal(ok, false)
      const errors = [...linesWith(findings, 'error')]
      assert.ok(errors.length > 0 && errors.every(line => line.includes('gateway.yaml')), errors.join('\n'))
      assert.match(
        [...linesWith(findings, 'note')].join('\n'),
        /^routes\.yaml.* \(see gateway\.yaml:\d+:\d+\)$/,
      )
    })

  test('what is wrong for each parent of a route is told once', () => {
    const [only = ''] = gateway.split(/^---$/m)
    const second = only.replace('front', 'back').replace('port: 80', 'port: 81')
    const two = gateway.replace('---', `---${second}---`)
    const both = route('rules: [{ backendRefs: [{ name: gone, port: 80 }] }]').replace(
      '{ name: front }',
      '{ name: front }, { name: back }',
    )
    assert.equal(verdictOn(two + both).errors.length, 1)
  })

  test('a Gateway that cannot be read is not said to be missing', () => {
    const [only = ''] = gateway.split(/^---$/m)
    for (const text of [only.replace('portcullis\n', '[portcullis]\n'), `${only}kind: [`]) {
      const { errors } = verdictOn(text)
      assert.equal(errors.length, 1)
      assert.doesNotMatch(errors.join('\n'), /there is no Gateway/)
    }
    assert.deepEqual(verdictOn('# nothing\n').errors, ['there is no Gateway: nothing would be served'])
  })

  test('messages come in the order of the file', () => {
    const { errors } = verdictOn(
      gateway + route('rules: [{ backendRefs: [{ name: gone, port: 80 }], matches: [] }, { matches: [] }]'),
    )
    const lines = errors.map(line => /:(\d+):(\d+) /.exec(line)?.slice(1, 3).map(Number))
    assert.ok(errors.length > 1)
    assert.deepEqual(
      lines,
      lines.toSorted((a = [], b = []) => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0)),
    )
  })

  test('what has no listener to serve is an error, also where all of it is left out with its role', () => {
    const { roles, kinds: read } = choose({ wanted: ['management'], off: [] })
    const { resources, problems } = new FileSource([], read, {
      texts: [{ name: 'a.yaml', text: gateway + good }],
    }).load()
    const { ok, findings } = judge(problems, translateAll(roles, resources))
    assert.equal(ok, false)
    assert.deepEqual(
      [...linesWith(findings, 'error')],
      ['there is no listener that requests could come to: nothing would be served'],
    )
  })

  test('a folder that is missing is an error', () => {
    const { ok, errors } = verdictOf(['/nowhere/at/all'])
    assert.equal(ok, false)
    assert.match(errors.join('\n'), /\/nowhere\/at\/all: does not exist/)
  })

  test('JSON has the verdict, and the fields and reasons behind its lines', () => {
    const json = jsonOn(
      `${gateway + route('rules: [{ backendRefs: [{ name: gone, port: 80 }] }]')}---\nkind: HTTPRuote\n`,
    )
    assert.deepEqual(
      Object.keys(json),
      'ok errors warnings notes findings serves ports problems conditions'.split(' '),
    )
    const { problems, conditions } = json
    assert.ok(Array.isArray(problems) && Array.isArray(conditions))
    assert.deepEqual(
      problems.map(({ path, position }: Problem) => [path, position?.line]),
      [[['kind'], 21]],
    )
    const refs = conditions.find(
      ({ type, status }: Condition) => type === 'ResolvedRefs' && status === 'False',
    ) as Condition
    assert.deepEqual(
      [refs.reason, refs.about.name, refs.position?.line, refs.path],
      ['BackendNotFound', 'items', 19, ['spec', 'rules', 0, 'backendRefs', 0]],
    )
  })

  test('rules of TLSRoutes are counted too', () => {
    const { errors, serves } = verdictOn(`
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: tls, protocol: TLS, port: 443, hostname: a.example, tls: { mode: Passthrough } }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: db }
spec:
  parentRefs: [{ name: front }]
  hostnames: [a.example]
  rules: [{ backendRefs: [{ group: portcullis.dev, kind: Backend, name: db }] }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: db }
spec: { endpoints: [{ address: 127.0.0.1, port: 5432 }], protocol: tcp }
`)
    assert.deepEqual([errors, serves.rules, serves.clusters], [[], 1, 1])
  })

  test('the quickstart is good', () => {
    const folder = fileURLToPath(new URL('../../../examples/quickstart/portcullis', import.meta.url))
    assert.deepEqual(verdictOf([folder]).errors, [])
  })
})
