import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from 'typebox'
import { load } from '../golden/load.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'
import { explainRequest } from '../../src/admin/explain/explanation.ts'
import { explanationText } from '../../src/admin/explain/text.ts'
import type { HeaderModifierConfig } from '../../src/filters/header-modifier.ts'
import { PORTCULLIS, type ResourceKind } from '../../src/model/kind.ts'
import { object, type Shape } from '../../src/model/kinds/shapes.ts'
import { refOf } from '../../src/model/resources.ts'
import type { Resource } from '../../src/model/resource.ts'
import { originFor } from '../../src/translation/origin.ts'
import { translateAll, type Role } from '../../src/translation/role.ts'
import { choose, roles as built } from '../../src/cli/roles.ts'
import { ruleTypes } from '../../src/cli/rule-types.ts'

// What CONTRIBUTING says of a new kind: a value in a file of its own, one line in the list of its role, and what the
// role's translation makes of it. Here these are three values, and nothing else in the program knows of them.

const body = object({ spec: object({ gateway: Type.String(), text: Type.String({ maxLength: 20 }) }) })
type Greeting = Resource<Shape<typeof body>>

const Greeting: ResourceKind<Greeting> = {
  group: PORTCULLIS,
  versions: ['v1alpha1'],
  kind: 'Greeting',
  plural: 'greetings',
  scope: 'Namespaced',
  role: 'management',
  schema: body,
  rules: ({ spec }) =>
    spec.text === spec.text.trim()
      ? []
      : [{ path: ['spec', 'text'], message: 'must not begin or end with a blank' }],
}

const management: Role = {
  name: 'management',
  kinds: [Greeting],
  translate: resources => {
    const all = resources.all(Greeting)
    return {
      attach: all.map(one => ({
        at: { gateway: `${one.metadata.namespace}/${one.body.spec.gateway}` },
        filter: greet(one),
      })),
      conditions: all.map(one => ({
        about: refOf(one),
        type: 'Accepted',
        status: 'True',
        reason: 'Accepted',
        message: 'is said',
      })),
    }
  },
}

function greet(one: Greeting): HeaderModifierConfig {
  const origin = originFor('management', one, ['spec', 'text'])
  const set = [{ name: 'x-greeting', value: one.body.spec.text }]
  return { type: 'response-headers', origin, set, add: [], remove: [] }
}

const { roles, kinds } = choose({ wanted: null, off: [] }, [...built, management])

const greeting = (name: string, spec: object) => ({
  apiVersion: `${PORTCULLIS}/v1alpha1`,
  kind: 'Greeting',
  metadata: { name },
  spec,
})

const text = yamlOf(
  gateway(),
  httpRoute('r', { rules: [{ backendRefs: [to('up')] }] }),
  backend('up', [9000]),
  greeting('hello', { gateway: 'gw', text: 'hello' }),
  greeting('blank', { gateway: 'gw', text: ' hello' }),
  greeting('long', { gateway: 'gw', test: 'hello' }),
)

test('a kind that is a value and a line in a list is read, validated, translated and explained', () => {
  const { resources, problems } = load(text, 'a.yaml', kinds)
  assert.deepEqual(
    resources.all(Greeting).map(({ metadata }) => metadata.name),
    ['hello'],
  )
  const told = problems.map(line => line.replace(/^a\.yaml:\d+:\d+ /, ''))
  assert.ok(told.includes('Greeting/blank spec.text: must not begin or end with a blank'), told.join('\n'))
  assert.ok(
    told.some(line =>
      line.startsWith('Greeting/long spec.test: unknown field "test" (did you mean "text"'),
    ) || told.some(line => /^Greeting\/long spec\.test: .*"text"/.test(line)),
    told.join('\n'),
  )

  const { parts, conditions } = translateAll(roles, resources)
  const accepted = conditions.find(({ about }) => about.kind === 'Greeting')
  assert.deepEqual([accepted?.about.name, accepted?.status], ['hello', 'True'])

  const explanation = explainRequest(parts, { method: 'GET', url: 'http://a.example/', headers: [] })
  const shown = explanationText(explanation, { parts, types: ruleTypes })
  assert.match(shown, /Greeting\/default\/hello/)
})

test('where its list does not have it, it is unknown: nobody else knew of it', () => {
  const { problems } = load(text, 'a.yaml', choose({ wanted: null, off: [] }).kinds)
  assert.equal(problems.filter(line => line.includes('Greeting')).length, 3)
})
