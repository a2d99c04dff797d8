import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { Authority, tlsSecret } from '../support/certificates.ts'
import { send } from '../support/client.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { backend, gateway, httpRoute, to, yamlOf } from '../support/resources.ts'

/** What passwords are kept as is not to be seen either. */
const hash = createHash('sha1').update('planted').digest('base64')
const b64 = (text: string): string => Buffer.from(text).toString('base64')
const secret = (name: string, rest: object): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  ...rest,
})
const policy = (kind: string, name: string, target: string, spec: object): object => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind,
  metadata: { name },
  spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: target }], ...spec },
})
const sets = (name: string, value: string): object => ({
  type: 'RequestHeaderModifier',
  requestHeaderModifier: { set: [{ name, value }], add: [{ name: `${name}-2`, value }] },
})

/** Secrets wherever somebody may write one; each of them has `planted` in it. */
function resourcesOf(ports: readonly [http: number, https: number], pair: object, upstream: number): string {
  return yamlOf(
    gateway([
      { name: 'http', port: ports[0] },
      { name: 'https', port: ports[1], protocol: 'HTTPS', tls: { certificateRefs: [{ name: 'shop' }] } },
    ]),
    pair,
    secret('users', { stringData: { users: `bob:{SHA}${hash}`, password: 'planted-password' } }),
    secret('data', {
      data: { token: b64('planted-data') },
      metadata: {
        name: 'data',
        annotations: {
          'kubectl.kubernetes.io/last-applied-configuration': '{"stringData":{"a":"planted-applied"}}',
        },
      },
    }),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'config' },
      data: { users: 'bob:planted-config' },
    },
    backend('up', [upstream]),
    httpRoute('shop', {
      rules: [
        {
          matches: [
            { path: { value: '/a' }, headers: [{ name: 'Authorization', value: 'Bearer planted-match' }] },
            { path: { value: '/a' }, queryParams: [{ name: 'api_key', value: 'planted-query' }] },
          ],
          filters: [sets('Authorization', 'Basic planted-set')],
          backendRefs: [to('up', { filters: [sets('X-Api-Key', 'planted-backend')] })],
        },
        { backendRefs: [to('up')] },
      ],
    }),
    httpRoute('asked', { rules: [{ matches: [{ path: { value: '/asked' } }], backendRefs: [to('up')] }] }),
    policy('TrafficPolicy', 'users', 'asked', { basicAuth: { secretRef: { name: 'users' } } }),
    policy('ExternalAuthPolicy', 'asks', 'asked', {
      backendRef: { group: 'portcullis.dev', kind: 'Backend', name: 'up' },
      http: { path: '/check?token=planted-path' },
    }),
  )
}

/** What is broken is told of, too. */
const broken = yamlOf(
  secret('broken', { data: { a: 'planted-no-base64!' } }),
  httpRoute('broken', {
    rules: [{ filters: [sets('Authorization', 'planted\u0007broken')], backendRefs: [to('up')] }],
  }),
)
const unreadable =
  'apiVersion: v1\nkind: Secret\nmetadata: { name: x\nstringData: { a: planted-unreadable }\n'

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

interface Items {
  readonly items: readonly Readonly<Record<string, string>>[]
}

/** Clients whose requests have secrets too; `port` is of the gateway. */
function askAll(port: number): Promise<unknown> {
  const headers = {
    Authorization: 'Bearer planted-client',
    Cookie: 'session=planted-cookie',
    'X-Api-Key': 'planted-key',
    Referer: 'https://bob:planted-userinfo@a.example/?token=planted-referer',
  }
  const targets = [
    '/a?token=planted-asked&code=planted-code',
    '/asked?password=planted',
    '/%00?key=planted-bad',
  ]
  return Promise.all(targets.map(path => send(port, { path, headers }).catch(() => null)))
}

const explain = {
  method: 'GET',
  url: 'http://bob:planted@shop.example/a?api_key=planted',
  headers: [
    { name: 'Authorization', value: 'Bearer planted' },
    { name: 'Cookie', value: 'a=planted' },
  ],
}

/** Every answer of a path of the document, each checked by its schema, by its method and URL. */
async function answersOf(run: RunProcess, port: number, token: string): Promise<ReadonlyMap<string, string>> {
  const headers = { Authorization: `Bearer ${token}` }
  const get = (path: string) => fetch(`http://127.0.0.1:${run.admin}${path}`, { headers })
  const json = async <T>(path: string): Promise<T> => (await get(path)).json() as Promise<T>
  const instancesOf = async (template: string): Promise<readonly string[]> => {
    const names = Array.from(template.matchAll(/\{(\w+)\}/g), ([, name = '']) => name)
    if (names.length === 0) return [template]
    const { items = [] } = await json<Partial<Items>>(
      `${template.slice(0, template.indexOf('/{'))}?limit=1000`,
    )
    // Records have an id, which their own tests ask for.
    const named = items.filter(item => names.every(name => name in item))
    return named.map(item =>
      names.reduce((url, name) => url.replace(`{${name}}`, segment(name, item[name])), template),
    )
  }
  const { paths } = await json<Document>('/v1/openapi.json')
  const answers = new Map<string, string>()
  const ajv = new Ajv({ strict: false })
  for (const [path, operations] of Object.entries(paths))
    for (const url of await instancesOf(path))
      for (const [method, { responses }] of Object.entries(operations)) {
        const what = `${method} ${url}`
        // What changes something is tried by those who have made it.
        if (method !== 'get' && url !== '/v1/explain') continue
        const schema = responses['200']?.content?.['application/json']?.schema
        const response = await fetch(`http://127.0.0.1:${run.admin}${url}`, {
          method: method.toUpperCase(),
          headers: { ...headers, ...(method === 'post' && { 'Content-Type': 'application/json' }) },
          ...(method === 'post' && { body: JSON.stringify(explain) }),
        })
        assert.equal(response.status, 200, what)
        const text =
          schema === undefined ? await firstEvent(response, () => askAll(port)) : await response.text()
        answers.set(what, text)
        if (schema === undefined) continue
        const validate = ajv.compile(schema)
        assert.ok(validate(JSON.parse(text)), `${what}: ${ajv.errorsText(validate.errors)}\n${text}`)
      }
  for (const path of ['/status', '/metrics', '/healthz', '/v1/nothing'])
    answers.set(path, await (await get(path)).text())
  return answers
}

/** As paths have it: a group of "" is `core`, a namespace of "" is `-`. */
function segment(name: string, value = ''): string {
  return value === '' ? (name === 'group' ? 'core' : '-') : encodeURIComponent(value)
}

test(
  'no answer of the admin listener has a secret, and each is as the document says',
  { timeout: 120_000 },
  async () => {
    const ports = [await freePort(), await freePort()] as const
    const pair = await (await Authority.make()).issue({ names: ['shop.example'] })
    // A backend that is not there, so that its failure is told of as well.
    using folder = new Folder({ 'a.yaml': resourcesOf(ports, tlsSecret('shop', pair), await freePort()) })
    using data = new Folder()
    await using run = await RunProcess.start([folder.path], '--workers', '2', '--data', data.path)
    await run.started()
    const token = readFileSync(join(data.path, 'secrets', 'admin-token'), 'utf8').trim()
    await askAll(ports[0])
    const good = await answersOf(run, ports[0], token)
    for (const path of [
      '/v1/rules/',
      '/v1/clusters/',
      '/v1/objects/core/Secret/default/users',
      '/v1/requests/',
    ])
      assert.ok(
        [...good.keys()].some(what => what.startsWith(`get ${path}`)),
        `nothing is below ${path}`,
      )
    folder.write('b.yaml', unreadable)
    folder.write('c.yaml', broken)
    await run.event('resources.problem', ({ message }) => String(message).includes('c.yaml'))
    const bad = await answersOf(run, ports[0], token)
    const keyLines = pair.key.split('\n').filter(line => line.length > 20 && !line.startsWith('-'))
    assert.ok(keyLines.length > 0)
    for (const [what, text] of [...good, ...bad, ['the log', JSON.stringify(run.log.all)] as const])
      for (const planted of ['planted', hash, b64('planted-data'), ...keyLines])
        assert.ok(!text.includes(planted), `${what} has ${planted}: ${around(text, planted)}`)
  },
)

/** What comes first of a stream, of requests that are made when it is open. */
async function firstEvent(response: Response, ask: () => Promise<unknown>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  const asking = ask()
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    if (/^data:.*\n\n/m.test(text)) break
  }
  await asking
  return text
}

function around(text: string, part: string): string {
  const at = text.indexOf(part)
  return text.slice(Math.max(0, at - 200), at + 100)
}
