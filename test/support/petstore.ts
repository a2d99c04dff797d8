import { backend, gateway, httpRoute, prefix, to, yamlOf } from './resources.ts'

const PORTCULLIS = 'portcullis.dev'

/** An object of one of our kinds. */
export function ours(kind: string, name: string, spec: object): object {
  return { apiVersion: `${PORTCULLIS}/v1alpha1`, kind, metadata: { name }, spec }
}

export const ofPetstore = { group: PORTCULLIS, kind: 'API', name: 'petstore' }

/** An API below /petstore with a document, in a product with two plans; clients' addresses are told by X-Forwarded-For. */
export function petstore(port: number, upstream: number): string {
  return yamlOf(
    gateway([{ name: 'http', port }]),
    httpRoute('petstore', {
      rules: [{ name: 'all', matches: [prefix('/petstore')], backendRefs: [to('pets')] }],
    }),
    backend('pets', [upstream]),
    ours('ClientPolicy', 'clients', {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw' }],
      trustedHops: 1,
    }),
    ours('API', 'petstore', {
      routeRefs: [{ name: 'petstore' }],
      basePath: '/petstore',
      openapi: { document: petstoreDocument },
    }),
    ours('Product', 'pets', {
      apis: [{ name: 'petstore' }],
      plans: [{ name: 'free' }, { name: 'gold' }],
    }),
    ours('Plan', 'free', { limits: [{ name: 'monthly', kind: 'Quota', amount: 3, per: 'Month' }] }),
    ours('Plan', 'gold', { limits: [{ name: 'monthly', kind: 'Quota', amount: 1000, per: 'Month' }] }),
  )
}

const petstoreDocument = {
  openapi: '3.1.0',
  info: { title: 'Petstore', version: '1' },
  paths: {
    '/pets': { get: { operationId: 'listPets' }, post: { operationId: 'createPet' } },
    '/pets/{id}': { get: { operationId: 'getPet' }, delete: { operationId: 'deletePet' } },
  },
}
