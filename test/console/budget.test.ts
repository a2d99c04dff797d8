import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Response } from 'playwright-core'
import { requirePeer } from '../support/peer.ts'
import { Browser } from './browser.ts'
import { Shop } from './shop.ts'

const BUDGET_BYTES = 250_000

test('the first view is at most 250 KB over the wire, and plots come after it', async t => {
  const chromium = requirePeer(t, 'chromium')
  if (chromium === null) return
  await using shop = await Shop.open()
  await using browser = await Browser.open(chromium)
  await using shown = await browser.page(shop.admin)
  const responses: Response[] = []
  shown.page.on('response', response => responses.push(response))
  await shown.open('/')
  await shown.page.locator('.drawing canvas').first().waitFor()
  // Of those that are here by now: what comes later is cut off when the page closes, and has no size.
  const sizes = await Promise.all(responses.filter(isFile).map(sizeOf))
  const plots = sizes.filter(([path]) => path.includes('/drawing-'))
  const first = sizes.filter(([path]) => !path.includes('/drawing-'))
  assert.equal(plots.length, 1)
  assert.ok(first.length > 2, 'it was not found in a cache')
  const sum = first.reduce((bytes, [, size]) => bytes + size, 0)
  t.diagnostic(`${sum} bytes in ${first.length} files before plots`)
  assert.ok(sum > 50_000 && sum <= BUDGET_BYTES, JSON.stringify(sizes))
})

const pathOf = (response: Response): string => new URL(response.url()).pathname

function isFile(response: Response): boolean {
  return !pathOf(response).startsWith('/v1/')
}

async function sizeOf(response: Response): Promise<readonly [path: string, bytes: number]> {
  const { responseBodySize } = await response.request().sizes()
  return [pathOf(response), responseBodySize]
}
