import type { RunProcess } from '../../support/process.ts'

/** The first user, made by what the gateway has printed: the answer is their token. */
export async function firstUser(url: string, gateway: RunProcess): Promise<string> {
  // The store is made when somebody asks for records.
  await fetch(`${url}/v1/accounts`)
  const line = await gateway.log.first(one => JSON.stringify(one).includes('pcs_'))
  const [token] = /pcs_[\w-]+/.exec(JSON.stringify(line)) ?? ['']
  const made = await send(url, 'POST', '/v1/setup', { token, name: 'ann' })
  return (made as { readonly token: { readonly secret: string } }).token.secret
}

/** So that there is something of each kind to ask for. */
export async function fillStore(url: string, token: string): Promise<void> {
  const put = (path: string, body: object): Promise<unknown> => send(url, 'PUT', path, body, token)
  const post = (path: string, body: object): Promise<unknown> => send(url, 'POST', path, body, token)
  await post('/v1/objects', { objects: declared })
  await put('/v1/teams/pets', {})
  await put('/v1/users/bob', {})
  await put('/v1/teams/pets/members/bob', {})
  await post('/v1/role-bindings', {
    team: 'pets',
    role: 'viewer',
    scope: 'organization',
    organization: 'default',
  })
  await put('/v1/accounts/acme', {})
  const app = (await put('/v1/applications/mobile?account=acme', {})) as { readonly id: string }
  await post(`/v1/applications/${app.id}/credentials`, {})
  await post('/v1/subscriptions', { application: app.id, product: 'petstore', plan: 'gold' })
}

const declared = [
  {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'petstore' },
    spec: {
      parentRefs: [{ name: 'g' }],
      rules: [{ backendRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'petstore' }] }],
    },
  },
  ...Object.entries({
    Backend: { endpoints: [{ address: '127.0.0.1', port: 9 }] },
    API: { routeRefs: [{ name: 'petstore' }] },
    Product: { apis: [{ name: 'petstore' }], plans: [{ name: 'gold' }] },
    Plan: { approval: 'Manual' },
  }).map(([kind, spec]) => ({
    apiVersion: 'portcullis.dev/v1alpha1',
    kind,
    metadata: { name: kind === 'Plan' ? 'gold' : 'petstore' },
    spec,
  })),
]

async function send(url: string, method: string, path: string, body: object, token = ''): Promise<unknown> {
  const answer = await fetch(url + path, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token !== '' && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${text}`)
  return JSON.parse(text)
}
