import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle, type FileContent, type FileState } from './last-good.ts'
import { formatProblem } from './problem.ts'
import { keyOf } from './resources.ts'
import { contentOf } from './loaded.ts'
import { kinds } from '../../test/support/declared.ts'

type Files = Readonly<Record<string, string>>

function contents(files: Files): FileContent[] {
  return Object.entries(files).map(([file, text]) => contentOf(file, text, kinds))
}

/** What is served after each of these states of the files, one after the other. */
function after(...steps: readonly Files[]) {
  let files: readonly FileState[] = []
  let settled = settle([], files, () => '')
  for (const step of steps) {
    settled = settle(contents(step), files, () => 'before')
    files = settled.files
  }
  return {
    served: settled.files.flatMap(f => f.resources.map(r => `${keyOf(r)}=${JSON.stringify(r.body)}`)),
    held: settled.held.map(h => h.key),
    unenforced: settled.files.flatMap(f => f.unenforced.map(({ resource }) => resource.metadata.name)),
    problems: settled.problems.map(formatProblem),
  }
}

const map = (name: string, value: string, rest = '') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {v: ${value}}\n${rest}---\n`
const served = (name: string, value: string) => `ConfigMap/default/${name}={"data":{"v":"${value}"}}`
const a1 = map('a', 'one')
const b1 = map('b', 'one')

for (const { name, steps, expected, held } of [
  {
    name: 'a changed object is the new one',
    steps: [{ f: a1 }, { f: map('a', 'two') }],
    expected: [served('a', 'two')],
    held: [],
  },
  {
    name: 'an object removed on purpose is gone',
    steps: [{ f: a1 + b1 }, { f: b1 }],
    expected: [served('b', 'one')],
    held: [],
  },
  {
    name: 'a removed file takes its objects with it',
    steps: [{ f: a1, g: b1 }, { g: b1 }],
    expected: [served('b', 'one')],
    held: [],
  },
  {
    name: 'an object that became invalid keeps its version and its place, others go on',
    steps: [{ f: a1 + b1 }, { f: map('a', '[]') + map('b', 'two') }],
    expected: [served('a', 'one'), served('b', 'two')],
    held: ['ConfigMap/default/a'],
  },
  {
    name: 'it keeps it through several mistakes',
    steps: [{ f: a1 }, { f: map('a', '[]') }, { f: map('a', '{}') }, { f: '{' }],
    expected: [served('a', 'one')],
    held: ['ConfigMap/default/a'],
  },
  {
    name: 'an object that was never valid is not there',
    steps: [{ f: map('a', '[]') }],
    expected: [],
    held: [],
  },
  {
    name: 'a broken text keeps every object',
    steps: [{ f: a1 + b1 }, { f: 'a: [' }],
    expected: [served('a', 'one'), served('b', 'one')],
    held: ['ConfigMap/default/a', 'ConfigMap/default/b'],
  },
  {
    name: 'a broken document keeps what is not declared beside it',
    steps: [{ f: a1 + b1 }, { f: `a: [\n---\n${map('b', 'two')}` }],
    expected: [served('b', 'two'), served('a', 'one')],
    held: ['ConfigMap/default/a'],
  },
  {
    name: 'a misspelt kind keeps the object of that name',
    steps: [{ f: a1 + b1 }, { f: a1.replace('ConfigMap', 'ConfigMop') }],
    expected: [served('a', 'one')],
    held: ['ConfigMap/default/a'],
  },
  {
    name: 'a name that became invalid keeps the objects of that kind',
    steps: [{ f: a1 }, { f: map('A_', 'two') }],
    expected: [served('a', 'one')],
    held: ['ConfigMap/default/a'],
  },
  {
    name: 'an unrelated unknown kind keeps nothing',
    steps: [{ f: a1 + b1 }, { f: `${a1}apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other}\n` }],
    expected: [served('a', 'one')],
    held: [],
  },
  {
    name: 'a broken file does not keep what moved to another',
    steps: [{ f: a1 }, { f: '{', g: map('a', 'two') }],
    expected: [served('a', 'two')],
    held: [],
  },
  {
    name: 'an object that is broken where it moved to keeps its version',
    steps: [{ f: a1 }, { f: '', g: map('a', '[]') }],
    expected: [served('a', 'one')],
    held: ['ConfigMap/default/a'],
  },
  {
    name: 'the first of two counts',
    steps: [{ f: a1, g: map('a', 'two') }],
    expected: [served('a', 'one')],
    held: [],
  },
  {
    name: 'the first of two counts also while it is broken',
    steps: [
      { f: a1, g: map('a', 'two') },
      { f: map('a', '[]'), g: map('a', 'two') },
    ],
    expected: [served('a', 'one')],
    held: ['ConfigMap/default/a'],
  },
  {
    name: 'the second follows when the first is gone',
    steps: [{ f: a1, g: map('a', 'two') }, { g: map('a', 'two') }],
    expected: [served('a', 'two')],
    held: [],
  },
] as { name: string; steps: Files[]; expected: string[]; held: string[] }[])
  test(name, () => {
    const result = after(...steps)
    assert.deepEqual({ served: result.served, held: result.held }, { served: expected, held })
  })

for (const [name, steps, expected] of [
  [
    'of a held object',
    [{ f: a1 }, { f: map('a', '[]', 'x: 1\n') }],
    [
      'f:4:8 ConfigMap/a data.v: is a list, expected text; keeps the version of before',
      'f:5:1 ConfigMap/a x: unknown field, expected one of "data", "binaryData", "immutable"',
    ],
  ],
  [
    'of a broken file',
    [{ f: a1 + b1 + map('c', 'x') + map('d', 'x') }, { f: 'a: b: c' }],
    [
      'f:1:4: a nested mapping on one line, expected a line break after the first ":" or the value in quotes; keeps the version of ConfigMap/default/a of before, ConfigMap/default/b of before, ConfigMap/default/c of before and of 1 more',
    ],
  ],
  [
    'of a duplicate',
    [{ f: b1 + a1, g: a1 }],
    [
      'g:1:1 ConfigMap/a: is declared twice, first at f:6:1, which counts; expected one object of kind ConfigMap with this name in namespace "default"',
    ],
  ],
  [
    'of an object that has no version to keep',
    [{ f: map('a', '[]') }],
    ['f:4:8 ConfigMap/a data.v: is a list, expected text'],
  ],
] as [string, Files[], string[]][])
  test(`the problem ${name}`, () => assert.deepEqual(after(...steps).problems, expected))

const targets = 'targetRefs: [{group: "", kind: Service, name: s}]'
const tls = (field: string) =>
  `apiVersion: gateway.networking.k8s.io/v1\nkind: BackendTLSPolicy\nmetadata: {name: p}\nspec: {${targets}, validation: {${field}: a.example, wellKnownCACertificates: System}}\n---\n`
const unread = (name: string) => security(name).replace('spec: {', 'spec: {{')
const security = (name: string, spec = targets) =>
  `apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: SecurityPolicy\nmetadata: {name: ${name}}\nspec: {${spec}}\n---\n`

for (const [name, steps, expected] of [
  [
    'a kind that nobody here knows and that targets something',
    [{ f: security('a') + security('b', 'x: 1') }],
    ['a'],
  ],
  ['one that is broken and protects, without a good version', [{ f: tls('hostnam') }], ['p']],
  ['none that has one', [{ f: tls('hostname') }, { f: tls('hostnam') }], []],
  [
    'none whose kind is misspelt and that has one',
    [{ f: tls('hostname') }, { f: tls('hostname').replace('TLSP', 'TLSSP') }],
    [],
  ],
  ['a kind of ours that is misspelt and has none', [{ f: tls('hostname').replace('TLSP', 'TLSSP') }], ['p']],
  [
    'what stood in a file that cannot be read now',
    [
      { f: security('a'), g: security('b') },
      { f: 'a: b: c', g: '' },
    ],
    ['a'],
  ],
  [
    'that only once, with what can be read of it',
    [{ f: security('a') }, { f: `${security('a')}a: b: c` }],
    ['a'],
  ],
  // Of a text that cannot be read at all.
  ['what speaks of targets', [{ f: `${a1}${unread('a')}` }], ['a']],
  [
    'no Deployment that speaks of none',
    [{ f: `${a1}apiVersion: apps/v1\nkind: Deployment\nspec: {a: b: c}\n` }],
    [],
  ],
  [
    'no settings of ours',
    [
      {
        f: unread('a')
          .replace('gateway.envoyproxy.io/v1alpha1', 'portcullis.dev/v1alpha1')
          .replace('SecurityPolicy', 'ClientPolicy'),
      },
    ],
    [],
  ],
  ['what was read once, as it was', [{ f: security('a') }, { f: unread('a') }], ['a']],
  [
    'no other one than that, whatever its name seems to be',
    [{ f: security('a') }, { f: unread('b') }],
    ['a'],
  ],
  ['one more than there were', [{ f: security('a') }, { f: security('a') + unread('b') }], ['a', 'b']],
  [
    'no policy of ours that was good',
    [{ f: tls('hostname') }, { f: tls('hostname').replace('validation: {', 'validation: {{') }],
    [],
  ],
  [
    'nothing of settings of ours that are misspelt',
    [
      {
        f: security('a')
          .replace('gateway.envoyproxy.io', 'portcullis.dev')
          .replace('SecurityPolicy', 'ClientPolcy'),
      },
    ],
    [],
  ],
] as [string, Files[], string[]][])
  test(`not in force: ${name}`, () => assert.deepEqual(after(...steps).unenforced, expected))

test("objects that are somebody else's are told of once for each kind", () => {
  const deployment = (name: string) =>
    `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}}\n---\n`
  const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n'
  assert.deepEqual(after({ f: deployment('a') + pod + deployment('b'), g: deployment('c') }).problems, [
    'f:2:1 Deployment/a kind: Deployment of apps/v1 is nothing that is served here; it is left out, as are 2 more of its kind',
    'f:6:1 Pod/a kind: Pod of v1 is nothing that is served here; it is left out',
  ])
})
