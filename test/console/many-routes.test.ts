import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requirePeer } from '../support/peer.ts'
import { Browser } from './browser.ts'
import { Shop } from './shop.ts'

const ROUTES = 10_000

/** Rules of one route each 16, as the standard has them at most; all to a backend of the shop's. */
function manyYaml(): string {
  const routes = Array.from({ length: ROUTES / 16 }, (_, route) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: `many-${route}` },
    spec: {
      parentRefs: [{ name: 'front', sectionName: 'http' }],
      hostnames: ['many.example'],
      rules: Array.from({ length: 16 }, (_one, rule) => ({
        matches: [{ path: { type: 'PathPrefix', value: `/many/${route * 16 + rule}` } }],
        backendRefs: [{ group: 'portcullis.dev', kind: 'Backend', name: 'catalog' }],
      })),
    },
  }))
  return routes.map(route => JSON.stringify(route)).join('\n---\n')
}

test('with 10,000 rules lists and map stay as they are', async t => {
  const chromium = requirePeer(t, 'chromium')
  if (chromium === null) return
  await using shop = await Shop.open({ more: { 'many.yaml': manyYaml() } })
  await using browser = await Browser.open(chromium)
  await using shown = await browser.page(shop.admin)
  const { page } = shown
  await shown.open('/routes')
  await page.locator('.about', { hasText: '10,011 rules' }).waitFor()
  const rows = () => page.locator('tbody tr[data-index]').count()
  assert.ok((await rows()) < 60, 'only what is seen is there')

  // To the end of what is loaded; more is asked for meanwhile, page by page.
  await page.locator('.table-scroll').focus()
  for (let i = 0; i < 3; i++) {
    const loaded = await page.locator('.table-scroll [role=status]').innerText()
    await page.keyboard.press('End')
    await page
      .locator('.table-scroll [role=status]')
      .filter({ hasNotText: loaded })
      .waitFor({ state: 'attached' })
  }
  assert.ok((await rows()) < 60)

  await page.keyboard.press('/')
  await page.keyboard.type('/many/9999')
  await page.locator('.about', { hasText: /^1 rules$/ }).waitFor()
  await page.locator('tbody a').first().click()
  await page.waitForURL('**/routes/httproute/default/many-624/15')

  await shown.open('/map')
  await page.locator('.about', { hasText: '30 of 10,011 rules are drawn' }).waitFor()
  assert.ok((await page.locator('.node').count()) < 150)
  await page.keyboard.press('/')
  await page.keyboard.type('/many/4711')
  await page.locator('.node', { hasText: '/many/4711' }).waitFor()

  await shown.open(
    `/explain?method=GET&url=${encodeURIComponent(`http://many.example:${shop.ports.http}/many/77`)}`,
  )
  await page.locator('.steps').getByText('many-4/13').waitFor()
  assert.ok((await rows()) < 60)
  assert.deepEqual(shown.complaints, [])
})
