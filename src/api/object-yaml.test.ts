import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { Authority } from '../../test/support/certificates.ts'
import { parseResources } from '../../test/support/declared.ts'
import { objectYaml } from './object-yaml.ts'

/** The one object of a text, as it is shown. */
function shown(text: string): string {
  const { resources, problems } = parseResources('a.yaml', text)
  assert.deepEqual(problems, [])
  return objectYaml(resources[0]!)
}

suite('an object is shown without what is secret', () => {
  for (const [what, text, expected] of [
    [
      'a Secret',
      'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\ntype: Opaque\ndata: { a: cGxhbnRlZA== }\nstringData: { b: planted }\n',
      { type: 'Opaque', data: { a: '[redacted]' }, stringData: { b: '[redacted]' } },
    ],
    [
      'a ConfigMap',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: s }\ndata: { "ca.crt": "planted", users: "bob:planted" }\n',
      { data: { 'ca.crt': '[redacted]', users: '[redacted]' } },
    ],
    [
      'what kubectl writes',
      `apiVersion: portcullis.dev/v1alpha1\nkind: Backend\nmetadata: { name: s, labels: { app: shop }, annotations: { owner: team, "kubectl.kubernetes.io/last-applied-configuration": '{"a":"planted"}', "example.com/token": planted } }\nspec: { endpoints: [{ address: a, port: 1 }] }\n`,
      {
        metadata: {
          name: 's',
          namespace: 'default',
          labels: { app: 'shop' },
          annotations: {
            owner: 'team',
            'kubectl.kubernetes.io/last-applied-configuration': '[redacted]',
            'example.com/token': '[redacted]',
          },
        },
        spec: { endpoints: [{ address: 'a', port: 1 }] },
      },
    ],
    [
      'header fields',
      `apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: r }\nspec: { parentRefs: [{ name: g }], rules: [{ matches: [{ headers: [{ name: X-Api-Key, value: planted }, { name: X-Version, value: "2" }] }], filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: X-From, value: planted }] } }] }] }\n`,
      {
        spec: {
          parentRefs: [{ name: 'g' }],
          rules: [
            {
              matches: [
                {
                  headers: [
                    { name: 'X-Api-Key', value: '[redacted]' },
                    { name: 'X-Version', value: '2' },
                  ],
                },
              ],
              filters: [
                {
                  type: 'RequestHeaderModifier',
                  requestHeaderModifier: { set: [{ name: 'X-From', value: '[redacted]' }] },
                },
              ],
            },
          ],
        },
      },
    ],
  ] as const)
    test(what, () => {
      const yaml = shown(text)
      assert.doesNotMatch(yaml, /planted|cGxhbnRlZA/)
      const { apiVersion, kind, ...rest } = parse(yaml) as Record<string, unknown>
      assert.ok(apiVersion !== undefined && kind !== undefined)
      assert.deepEqual('metadata' in expected ? rest : { ...rest, metadata: undefined }, {
        metadata: undefined,
        ...expected,
      })
    })

  test('certificates of a ConfigMap are no secret, a key beside them is', async () => {
    const { root } = await Authority.make()
    const configMap = (text: string): string =>
      shown(
        JSON.stringify({
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'c' },
          data: { 'ca.crt': text },
        }),
      )
    assert.match(configMap(root), /BEGIN CERTIFICATE/)
    assert.doesNotMatch(configMap(`${root}bob:planted`), /planted/)
  })
})
