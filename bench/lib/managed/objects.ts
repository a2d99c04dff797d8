import type { Managed } from '../cases.ts'
import { audience, issuer } from './consumers.ts'

/** Who may ask, and how much, for the route `routes-0`. */
export function managedObjects({ credential, plan }: Managed, jwksPort: number): unknown[] {
  if (plan !== null) return productOf(plan)
  const jwksUri = `http://127.0.0.1:${jwksPort}/jwks.json`
  const accepts = credential === 'key' ? { apiKey: {} } : { jwt: { issuer, audiences: [audience], jwksUri } }
  const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'routes-0' }]
  return [object('AuthenticationPolicy', { targetRefs, credentials: [accepts] })]
}

/** A product protects its API by itself: with keys, the plan, usage, and telling the backend who asks. */
function productOf(counters: 'Local' | 'Exact'): unknown[] {
  const most = 1_000_000_000
  return [
    object('API', { routeRefs: [{ name: 'routes-0' }], openapi: { document } }),
    object('Product', { apis: [{ name: 'bench' }], plans: [{ name: 'bench' }] }),
    object('Plan', {
      limits: [
        { name: 'burst', kind: 'Rate', amount: 1_000_000, per: 'Second', counters },
        { name: 'monthly', kind: 'Quota', amount: most, per: 'Month', counters },
      ],
    }),
  ]
}

const responses = { 200: { description: 'an item' } }
const document = {
  openapi: '3.1.0',
  info: { title: 'Bench', version: '1' },
  paths: {
    '/small.json': {
      get: { operationId: 'getSmall', responses },
      post: { operationId: 'postSmall', responses },
    },
    '/items/{id}': { get: { operationId: 'getItem', responses } },
  },
}

function object(kind: string, spec: object): unknown {
  return { apiVersion: 'portcullis.dev/v1alpha1', kind, metadata: { name: 'bench' }, spec }
}
