import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Condition } from '../model/resource.ts'
import { Resources } from '../model/resources.ts'
import { parseResources } from '../../test/support/declared.ts'
import { translate } from '../../test/support/translate.ts'
import { complaintsOf, formatCondition } from '../model/conditions.ts'

const about = { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'default', name: 'front' }
const parent = { ...about, sectionName: 'http' }
const route = { ...about, kind: 'HTTPRoute', name: 'items' }
const position = { file: 'a.yaml', line: 7, column: 5 }
const bad = { about, status: 'False', type: 'Accepted', reason: 'Invalid', message: 'no' } as const

const gateway = (name: string, ...listeners: readonly string[]) => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name} }
spec:
  gatewayClassName: portcullis
  listeners:
${listeners.map((fields, i) => `    - { name: l${i}, ${fields} }`).join('\n')}
---`

suite('a condition as a line', () => {
  for (const [what, condition, line] of [
    ['of an object', bad, 'Gateway/front: Accepted=False Invalid: no'],
    [
      'of a listener',
      { ...bad, listener: 'http' },
      'Gateway/front listener http: Accepted=False Invalid: no',
    ],
    [
      'towards a parent',
      { ...bad, about: route, parent },
      'HTTPRoute/items (for Gateway/front/http): Accepted=False Invalid: no',
    ],
    [
      'with the path once, though the message begins with it',
      { ...bad, path: ['spec', 'a'], position, message: 'spec.a: no; spec.b: nor this' },
      'a.yaml:7:5 Gateway/front spec.a: Accepted=False Invalid: no; spec.b: nor this',
    ],
    [
      'with a message that begins with another path as it is',
      { ...bad, path: ['spec'], message: 'spec.a: no' },
      'Gateway/front spec: Accepted=False Invalid: spec.a: no',
    ],
  ] as const satisfies readonly (readonly [string, Condition, string])[])
    test(what, () => assert.equal(formatCondition(condition), line))
})

suite('one cause is told once', () => {
  for (const [what, yaml, lines] of [
    ['nothing wrong', gateway('front', 'protocol: HTTP, port: 80'), []],
    [
      'a protocol that is not served, not that its listener is not programmed',
      gateway('front', 'protocol: HTTP, port: 80', 'protocol: example.com/quic, port: 81'),
      [
        /^gw\.yaml:9:\d+ Gateway\/front spec\.listeners\[1\]\.protocol listener l1: Accepted=False Unsupp\w+: example\.com\/quic /,
      ],
    ],
    [
      'a class that is not declared',
      gateway('front', 'protocol: HTTP, port: 80').replace('portcullis', 'other'),
      [
        /^gw\.yaml:\d+:\d+ Gateway\/front spec\.gatewayClassName: Accepted=Unknown Pending: GatewayClass other does not exist/,
      ],
    ],
    [
      'a port of an older Gateway, not once more for the Gateway',
      gateway('front', 'protocol: HTTP, port: 80') + gateway('late', 'protocol: HTTP, port: 80'),
      [/^gw\.yaml:\d+:\d+ Gateway\/late .*listener l0: Accepted=False PortUnavailable: port 80 /],
    ],
    [
      'two causes are two lines',
      gateway('front', 'protocol: example.com/a, port: 80', 'protocol: example.com/b, port: 81'),
      [/listener l0: Accepted=False/, /listener l1: Accepted=False/],
    ],
  ] as const)
    test(what, () => {
      const { resources, problems } = parseResources('gw.yaml', yaml)
      assert.deepEqual(problems, [])
      const complaints = complaintsOf(translate(Resources.of(resources)).conditions)
      assert.equal(complaints.length, lines.length, complaints.join('\n'))
      lines.forEach((line, i) => assert.match(complaints[i] ?? '', line))
    })

  test('what follows from nothing else is told', () => {
    const programmed = { ...bad, type: 'Programmed', listener: 'http' }
    for (const other of [
      { ...bad, listener: 'other' },
      { ...bad, listener: 'http', about: { ...about, name: 'other' } },
      { ...bad, listener: 'http', type: 'NotServed', status: 'True' },
    ] as const satisfies readonly Condition[])
      assert.equal(complaintsOf([programmed, other]).length, 2)
  })
})
