import { ours } from './published.ts'
import { backend, gateway, httpRoute, prefix, to, yamlOf } from './resources.ts'

/** Of a year, unless `more` says otherwise. */
export function quota(name: string, amount: number, more: object = {}): object {
  return { name, kind: 'Quota', amount, per: 'Year', ...more }
}

const responses = { 200: { description: '' } }
const document = {
  openapi: '3.1.0',
  info: { title: 'Pets', version: '1' },
  paths: {
    '/pets': { get: { operationId: 'list', responses }, post: { operationId: 'create', responses } },
  },
}

/** API `pets` at /pets, by rule `pets` of route `r`, with operations `list` and `create`. */
export function petsSite(port: number, upstream: number): string {
  return yamlOf(
    gateway([{ name: 'http', port }]),
    backend('up', [upstream]),
    httpRoute('r', { rules: [{ name: 'pets', matches: [prefix('/pets')], backendRefs: [to('up')] }] }),
    ours('API', 'pets', { routeRefs: [{ name: 'r' }], openapi: { document } }),
  )
}

/** Product `pets`, and its Plans by their names: each has its spec. */
export function petsPlans(plans: Readonly<Record<string, object>>, product: object = {}): string {
  const names = Object.keys(plans)
  return yamlOf(
    ...names.map(name => ours('Plan', name, plans[name]!)),
    ours('Product', 'pets', { apis: [{ name: 'pets' }], plans: names.map(name => ({ name })), ...product }),
  )
}
