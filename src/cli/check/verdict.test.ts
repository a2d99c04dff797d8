import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { kinds } from '../roles.ts'
import { FileSource } from '../../control/files/file-source.ts'
import { translate } from '../../../test/support/translate.ts'
import { judge, verdictGithub, verdictText, type CheckVerdict } from './verdict.ts'

function verdictOn(text: string): CheckVerdict {
  const { resources, problems } = new FileSource([], kinds, { texts: [{ name: 'shop.yaml', text }] }).load()
  return judge(problems, translate(resources))
}

function textOn(text: string, colour = false): string {
  return verdictText(verdictOn(text), file => (file === 'shop.yaml' ? text : null), colour)
}

const gateway = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: portcullis
  listeners: [{ name: http, protocol: HTTP, port: 8080 }]
`
const route = (rest: string) => `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: web }]
${rest}`

const misspelt = gateway + route('  rulez: []\n')

suite('a verdict for a person', () => {
  test('shows the line, with a caret under what is meant', () => {
    const [line, excerpt, caret] = textOn(misspelt).split('\n')
    assert.match(line ?? '', /^shop\.yaml:13:3 HTTPRoute\/shop spec\.rulez: unknown field/)
    assert.deepEqual([excerpt, caret], ['  13 |   rulez: []', '     |   ^^^^^'])
  })

  test('has colours only where they are wanted, and the same text', () => {
    const sgr = /\x1b\[\d*m/g
    const coloured = textOn(misspelt, true)
    assert.match(coloured, sgr)
    assert.doesNotMatch(textOn(misspelt), sgr)
    assert.equal(coloured.replaceAll(sgr, ''), textOn(misspelt))
  })

  test('a long line is cut around the caret', () => {
    const filler = Array.from({ length: 20 }, (_, i) => `{ headers: [{ name: x${i}, value: "1" }] }`).join(
      ', ',
    )
    const long = textOn(gateway + route(`  rules: [{ matches: [${filler}, { pth: 1 }, ${filler}] }]\n`))
    const [excerpt = '', caret = ''] = long.split('\n').filter(line => /^ +\d* \|/.test(line))
    assert.ok(excerpt.length < 120 && excerpt.includes('| …') && excerpt.endsWith('…'), excerpt)
    assert.equal(excerpt.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1), 'pth')
  })

  for (const [what, yaml] of [
    ['a Secret', 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\ndata: { password: hunter2! }\n'],
    ['a text with a Secret that cannot be read', 'kind: Secret\nstringData: { password: hunter2!\n'],
    [
      'a header with a credential',
      gateway +
        route(
          '  rules: [{ filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: Authorization, value: "hunter2!", vlue: 1 }] } }] }]\n',
        ),
    ],
    [
      'the value of any header',
      gateway +
        route(
          '  rules: [{ filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: X, value: "hunter2!\\t" }] } }] }]\n',
        ),
    ],
  ] as const)
    test(`nothing of ${what} is shown`, () => {
      const text = textOn(yaml)
      assert.match(text, /^shop\.yaml:\d+:\d+[ :]/m)
      assert.doesNotMatch(text, /hunter2/)
    })

  test('what a terminal obeys is shown and not done', () => {
    const text = textOn(
      `${gateway}---\napiVersion: v1\nkind: "Evil\\e[2J"\nmetadata: { name: "a\\u009b" } # \u009b\n`,
    )
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/)
    assert.match(text, /\\u001b\[2J/)
  })

  test('says what would be served, and counts what is too much to be read', () => {
    const hosts = Array.from({ length: 12 }, (_, i) => `h${String(i).padStart(2, '0')}.example`).join(', ')
    const rules = `  hostnames: [${hosts}]
  rules:
    - matches: [${Array.from({ length: 10 }, (_, i) => `{ path: { value: /p${i} } }`).join(', ')}]
      backendRefs: [{ group: portcullis.dev, kind: Backend, name: b, weight: 3 }, { group: portcullis.dev, kind: Backend, name: c }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: b }
spec: { endpoints: [{ address: "::1", port: 9000 }] }
---
apiVersion: portcullis.dev/v1alpha1
kind: Backend
metadata: { name: c }
spec: { endpoints: [{ address: a, port: 1 }, { address: a, port: 2 }, { address: a, port: 3 }] }
`
    const lines = textOn(gateway + route(rules)).split('\n')
    assert.deepEqual(lines.slice(0, 4), [
      '*:8080 http',
      '  listener default/web/http, any host',
      '    h00.example',
      '      /p0 → Backend/default/b ([::1]:9000) 75 %, Backend/default/c (3 endpoints) 25 %',
    ])
    assert.equal(lines[11], '      and 2 more matches')
    assert.deepEqual(lines.slice(-3), [
      '    and 4 more hosts',
      'ok: 1 port, 1 listener, 1 rule, 2 clusters, 4 endpoints',
      '',
    ])
  })

  test('a listener without a route says what that comes to', () =>
    assert.match(
      textOn(gateway),
      /listener default\/web\/http, any host: no route, requests are answered 404/,
    ))
})

suite('a verdict for GitHub', () => {
  test('marks the line in the pull request', () =>
    assert.match(
      verdictGithub(verdictOn(misspelt)),
      /^::error file=shop\.yaml,line=13,col=3,title=HTTPRoute\/shop::spec\.rulez: unknown field.*\nnot ok: .*\n$/s,
    ))

  test('a warning is one, and what is of no place has none', () => {
    const text = verdictGithub(verdictOn('apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\n'))
    assert.match(text, /^::error::there is no Gateway/)
    assert.match(text, /\n::warning file=shop\.yaml,line=2,col=1,title=Deployment\/a::kind: /)
  })

  test('what would end the command or its properties is escaped', () => {
    const { findings, ...rest } = verdictOn(misspelt)
    const [first] = findings
    assert.ok(first)
    const finding = {
      ...first,
      position: { file: 'a,b:c%.yaml', line: 1, column: 2 },
      resource: null,
      message: '100 %\n::error::no',
      line: 'a,b:c%.yaml:1:2: 100 %\n::error::no',
    }
    const [line] = verdictGithub({ ...rest, findings: [finding] }).split('\n')
    assert.equal(line, '::error file=a%2Cb%3Ac%25.yaml,line=1,col=2::100 %25%0A::error::no')
  })
})
