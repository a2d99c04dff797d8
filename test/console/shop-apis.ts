import { setTimeout as delay } from 'node:timers/promises'
import type { LogLine } from '../support/process.ts'
import type { Shop } from './shop.ts'

/** APIs of the shop, with plans; the product of the second wants somebody to approve. */
export const apisYaml = `apiVersion: portcullis.dev/v1alpha1
kind: API
metadata: { name: catalog }
spec:
  title: Catalog
  description: What the shop sells, and how much of it is there.
  version: v2
  routeRefs: [{ name: catalog }, { name: stock }]
  openapi:
    document:
      openapi: 3.1.0
      info: { title: Catalog, version: "2" }
      paths:
        /catalog/{id}: { get: { operationId: getItem } }
        /stock/{id}: { get: { operationId: getStock } }
---
apiVersion: portcullis.dev/v1alpha1
kind: API
metadata: { name: orders }
spec:
  title: Orders
  lifecycle: Deprecated
  deprecation: { since: 2026-01-01, sunset: 2031-01-01 }
  routeRefs: [{ name: orders }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Product
metadata: { name: browse }
spec:
  title: Browse the shop
  apis: [{ name: catalog }]
  plans: [{ name: free }, { name: gold }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Product
metadata: { name: buy }
spec:
  title: Buy in the shop
  apis: [{ name: catalog, operations: [getItem] }, { name: orders }]
  plans: [{ name: gold }]
---
apiVersion: portcullis.dev/v1alpha1
kind: Plan
metadata: { name: free }
spec:
  title: Free
  limits:
    - { name: burst, kind: Rate, amount: 5, per: Second, burst: 10 }
    - { name: monthly, kind: Quota, amount: 40, per: Month, timeZone: Europe/Berlin, exceeded: Flag }
---
apiVersion: portcullis.dev/v1alpha1
kind: Plan
metadata: { name: gold }
spec:
  title: Gold
  approval: Manual
  limits:
    - { name: daily, kind: Quota, amount: 100000, per: Day }
---
apiVersion: portcullis.dev/v1alpha1
kind: RateLimitPolicy
metadata: { name: everybody }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: catalog }]
  limits:
    - { name: all, kind: Rate, amount: 100000, per: Minute, by: All }
`

/** What the Admin API answers to the operator, who counts until there are users, or to whose token it is. */
export async function told<T>(
  shop: Shop,
  method: string,
  path: string,
  body?: object,
  token = shop.token(),
): Promise<T> {
  const answer = await fetch(`${shop.admin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

/** Two accounts with applications; one has a key and a subscription, one waits for approval. */
export async function consume(shop: Shop): Promise<{ readonly key: string; readonly application: string }> {
  await told(shop, 'POST', '/v1/accounts', { name: 'acme', title: 'Acme Corp.' })
  await told(shop, 'POST', '/v1/accounts', { name: 'globex', title: 'Globex' })
  const [mobile, web] = [
    await told<{ id: string }>(shop, 'POST', '/v1/applications', {
      account: 'acme',
      name: 'mobile',
      title: 'Mobile app',
    }),
    await told<{ id: string }>(shop, 'POST', '/v1/applications', { account: 'globex', name: 'web' }),
  ]
  const { key } = await told<{ key: string }>(shop, 'POST', `/v1/applications/${mobile.id}/credentials`, {
    name: 'production',
  })
  await told(shop, 'POST', '/v1/subscriptions', { application: mobile.id, product: 'browse', plan: 'free' })
  await told(shop, 'POST', '/v1/subscriptions', { application: web.id, product: 'buy', plan: 'gold' })
  return { key, application: mobile.id }
}

/** So many requests with the key, and one without; resolves when the usage has them. */
export async function use(shop: Shop, key: string, count: number): Promise<void> {
  const before = await used(shop)
  for (let i = 0; i < count; i++) {
    const path = `/${i % 3 === 0 ? 'stock' : 'catalog'}/${i}`
    await shop.ask(path, { 'x-api-key': key })
  }
  await shop.ask('/catalog/1')
  while ((await used(shop)) < before + count + 1) await delay(100)
}

async function used(shop: Shop): Promise<number> {
  const { total } = await told<{ total: { requests: number } }>(shop, 'GET', '/v1/usage')
  return total.requests
}

/** What the first start has printed, for the first user. */
export async function setupToken(shop: Shop): Promise<string> {
  const token = (line: LogLine) => /pcs_[\w-]+/.exec(JSON.stringify(line))?.[0]
  return token(await shop.gateway.log.first(line => token(line) !== undefined)) ?? ''
}
