import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { findPeer, requirePeer } from '../support/peer.ts'
import { Browser } from './browser.ts'
import { Shop } from './shop.ts'

/** Each view, with a picture's name, and what shows that it has what it is to show. */
const views = [
  ['overview', '/', '.tile strong'],
  ['map', '/map', '.node'],
  ['requests', '/requests', 'tbody a'],
  ['routes', '/routes', 'tbody a'],
  ['route', '/routes/httproute/default/checkout/0', '.shares'],
  ['backends', '/backends', 'tbody a'],
  ['backend', '/backends/Backend/default/search', 'tbody code'],
  ['certificates', '/certificates', 'tbody a'],
  ['problems', '/problems', '.problem'],
  ['explain', '/explain?method=GET&url=http%3A%2F%2Fshop.example%3A9%2Fsearch%2F1', '.steps'],
  ['object', '/objects/gateway.networking.k8s.io/HTTPRoute/default/search', '.yaml'],
] as const

suite('the views of the console', () => {
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

  for (const theme of ['light', 'dark'] as const)
    for (const width of [1280, 390])
      test(`axe finds nothing: ${theme}, ${width} pixels wide; nor does the browser complain`, async t => {
        if (requirePeer(t, 'chromium') === null) return
        await using shown = await browser.page(shop.admin, { theme, width })
        for (const [name, path, has] of views) {
          await shown.open(path)
          await shown.page.locator(has).first().waitFor()
          assert.deepEqual(await shown.violations(), [], name)
          const wider = await shown.page.evaluate('document.documentElement.scrollWidth - innerWidth')
          assert.equal(wider, 0, `${name} is wider than the screen`)
        }
        assert.deepEqual(shown.complaints, [])
      })

  test('all of it works by the keyboard', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await browser.page(shop.admin)
    const { page } = shown
    await shown.open('/')
    const focused = (hasText: string) => page.locator('tbody a:focus', { hasText }).waitFor()
    await page.keyboard.press('Tab')
    // The first thing is a way past the menu.
    await page.locator('a.skip:focus').waitFor()
    await page.keyboard.press('Enter')
    await page.keyboard.press('g')
    await page.keyboard.press('t')
    await page.waitForURL('**/routes')
    await page.locator('tbody a').first().waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('httproute/default/c')
    await page.waitForURL(/q=/)
    await page.locator('.about', { hasText: /^3 rules$/ }).waitFor()
    await page.keyboard.press('Tab')
    await page.locator('.table-scroll').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('End')
    await focused('checkout')
    await page.keyboard.press('ArrowUp')
    await focused('catalog')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/routes/httproute/default/catalog/0')
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    assert.deepEqual(shown.complaints, [])
  })

  test('a theme is kept, and follows the system where none is chosen', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await browser.page(shop.admin, { theme: 'dark' })
    const { page } = shown
    const background = 'getComputedStyle(document.body).backgroundColor'
    await shown.open('/problems')
    const dark = await page.evaluate(background)
    await page.getByRole('radio', { name: 'Light' }).click()
    await page.getByRole('radio', { name: 'Light', checked: true }).waitFor()
    const light = await page.evaluate(background)
    assert.notEqual(light, dark)
    await shown.open('/problems')
    await shown.becomes(background, light)
    await page.getByRole('radio', { name: 'As the system' }).click()
    await shown.becomes(background, dark)
  })
})
