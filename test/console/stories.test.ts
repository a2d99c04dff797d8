import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { findPeer, requirePeer } from '../support/peer.ts'
import { Browser, type Console } from './browser.ts'
import { brokenRoute, routeYaml } from './shop-resources.ts'
import { Shop } from './shop.ts'

suite('stories in the console', () => {
  let browser: Browser
  let shop: Shop
  before(async () => {
    const chromium = findPeer('chromium')
    if (chromium === null) return
    browser = await Browser.open(chromium)
    shop = await Shop.open()
    shop.busy()
  })
  after(async () => {
    await browser?.[Symbol.asyncDispose]()
    await shop?.[Symbol.asyncDispose]()
  })

  test('a backend dies under load, and comes back', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using overview = await browser.page(shop.admin)
    await using map = await browser.page(shop.admin)
    await overview.open('/')
    await map.open('/map')
    const ill = overview.page.locator('.lines a', { hasText: 'Backend/search' })
    const endpoint = map.page.locator('.node.low', { hasText: '127.0.3.1' })
    await endpoint.first().waitFor()
    await shop.endSearch()
    await ill.waitFor()
    await overview.page.locator('.tile.bad').waitFor()
    await map.page.locator('.node.low.bad', { hasText: '127.0.3.1' }).nth(1).waitFor()
    await overview.page.locator('tbody tr', { hasText: 'search/0' }).locator('.bad').waitFor()

    await shop.beginSearch()
    await ill.waitFor({ state: 'detached' })
    await map.page.locator('.node.low.good', { hasText: '127.0.3.1' }).nth(1).waitFor()
    clean(overview, map)
  })

  test('a reload with an error: where, what to do, and what serves on', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await browser.page(shop.admin)
    const { page } = shown
    await shown.open('/problems')
    // Of the shop's certificate: a warning of its own.
    await page.locator('.problem', { hasText: 'expires in' }).waitFor()
    shop.folder.write('search.yaml', brokenRoute('search'))
    const problem = page.locator('.problem', { hasText: 'URLRewrit' })
    for (const hasText of [/search\.yaml:11:11/, /did you mean "URLRewrite"/, /last good version serves on/])
      await problem.filter({ hasText }).waitFor()
    await page
      .getByRole('link', { name: /^Problems/ })
      .locator('.mark', { hasText: /\d/ })
      .waitFor()
    assert.equal((await shop.ask('/search/1')).status, 200)
    await problem.getByRole('link', { name: 'HTTPRoute/search' }).click()
    await page.locator('.yaml', { hasText: 'URLRewrite' }).waitFor()

    await shown.open('/problems')
    await problem.waitFor()
    shop.folder.write('search.yaml', routeYaml('search'))
    await problem.waitFor({ state: 'detached' })
    clean(shown)
  })

  test('a certificate is about to expire', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await browser.page(shop.admin)
    await shown.open('/certificates')
    const row = shown.page.locator('tbody tr', { hasText: 'Secret/shop' })
    await row.filter({ hasText: /expires soon\s*in 9 days/ }).waitFor()
    // It stands first.
    await shown.page.locator('tbody tr').first().filter({ hasText: 'Secret/shop' }).waitFor()
    await shown.open('/map')
    await shown.page.locator('.node.warn', { hasText: 'certificate: in 9 days' }).waitFor()
    clean(shown)
  })

  test("an error's id leads to its story", async t => {
    if (requirePeer(t, 'chromium') === null) return
    await shop.endSearch()
    const { body, status } = await shop.ask('/search/4711?token=secret-of-a-customer&page=2', {
      authorization: 'Bearer secret-of-a-customer',
    })
    await shop.beginSearch()
    assert.equal(status, 502)
    const { exchange: id } = JSON.parse(body) as { exchange: string }
    await using shown = await browser.page(shop.admin)
    const { page } = shown
    await shown.open('/requests')
    await page.getByPlaceholder('Open by id').fill(id)
    await page.getByPlaceholder('Open by id').press('Enter')
    await page.locator('.wrong h2').waitFor()
    await shown.says('main', /connection_refused/, /Attempt 1/, /127\.0\.3\.1/, /page=2/)
    assert.doesNotMatch(await page.content(), /secret-of-a-customer/)
    await page.getByRole('link', { name: 'Explain it' }).click()
    await page.locator('.steps').getByText('search/0').waitFor()
    await page.getByRole('heading', { name: 'Why not the others' }).waitFor()
    clean(shown)
  })

  test('the live tail: filters stand in the address, a pause holds it', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await browser.page(shop.admin)
    const { page } = shown
    await shown.open('/requests')
    await page.locator('tbody a').first().waitFor()
    await page.getByRole('combobox', { name: 'Status' }).selectOption('3xx')
    await page.waitForURL(/status=3xx/)
    await page.locator('tbody tr', { hasText: '301' }).first().waitFor()
    const first = page.locator('tbody tr[data-index="0"] a')
    const newest = (await first.getAttribute('href')) ?? ''
    await page.locator(`tbody tr[data-index="0"] a:not([href="${newest}"])`).waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: 'Resume' }).waitFor()
    const held = await first.getAttribute('href')
    for (let i = 0; i < 3; i++) assert.equal((await shop.ask('/legacy/9')).status, 301)
    // Others have come, as another page sees; this one holds.
    await using other = await browser.page(shop.admin)
    await other.open('/requests?status=3xx&path=%2Flegacy%2F9')
    await other.page.locator('tbody tr[data-index="2"]').waitFor()
    assert.equal(await first.getAttribute('href'), held)
    for (const mark of await page.locator('tbody .mark').allInnerTexts()) assert.equal(mark, '301')
    clean(shown, other)
  })

  test('where the views are not open, it asks for the token and says where that is', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await browser.page(shop.admin)
    const { page } = shown
    // As behind a proxy of another program.
    await page.setExtraHTTPHeaders({ 'X-Forwarded-For': '198.51.100.7' })
    await page.goto('/routes')
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    await dialog
      .getByText(/admin-token/)
      .first()
      .waitFor()
    assert.deepEqual(await shown.violations(), [])
    await dialog.getByLabel('Token').fill('not the token')
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByLabel('Token').fill(shop.token())
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await page.locator('tbody a').first().waitFor()
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await page.evaluate('Object.keys(localStorage).length'), 0, 'it is kept for the tab alone')
    // Those that the browser tells of are the refusals that were asked for.
    assert.deepEqual(
      shown.complaints.filter(text => !text.includes('401')),
      [],
    )
  })

  test('when the gateway is gone it says so, and since when; and goes on when it is back', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await browser.page(shop.admin)
    const { page } = shown
    await shown.open('/')
    await page.locator('.liveness', { hasText: 'live' }).first().waitFor()
    await shop.gateway.stop()
    const bar = page.getByRole('alert').filter({ hasText: /not been reachable since \d\d:\d\d:\d\d/ })
    await bar.waitFor()
    assert.deepEqual(await shown.violations(), [])
    await shop.restart()
    await bar.waitFor({ state: 'detached' })
    await page.locator('.liveness', { hasText: 'live' }).first().waitFor()
    assert.deepEqual(
      shown.complaints.filter(text => !/ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY/.test(text)),
      [],
    )
  })
})

function clean(...pages: readonly Console[]): void {
  for (const { complaints } of pages) assert.deepEqual(complaints, [])
}
