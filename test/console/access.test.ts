import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { findPeer, requirePeer } from '../support/peer.ts'
import { Browser, type Console, type Look } from './browser.ts'
import { apisYaml, consume, setupToken, told } from './shop-apis.ts'
import { Shop } from './shop.ts'

suite('users, roles, tokens and teams in the console', () => {
  let browser: Browser
  let shop: Shop
  /** Of the first user. */
  let secret = ''
  before(async () => {
    const chromium = findPeer('chromium')
    if (chromium === null) return
    browser = await Browser.open(chromium)
    shop = await Shop.open({ more: { 'apis.yaml': apisYaml } })
    await consume(shop)
  })
  after(async () => {
    await browser?.[Symbol.asyncDispose]()
    await shop?.[Symbol.asyncDispose]()
  })

  const withToken = async (token: string, look?: Look): Promise<Console> => {
    const shown = await browser.page(shop.admin, look)
    await shown.page.addInitScript(kept => sessionStorage.setItem('portcullis.token', kept), token)
    return shown
  }

  test('where there is no user yet, the operator is led to make the first, not any', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await withToken(shop.token())
    const { page } = shown
    const dialog = page.getByRole('dialog')
    await shown.open('/access')
    await page.getByRole('heading', { name: 'No user yet' }).waitFor()
    assert.equal(await page.getByRole('button', { name: 'New user' }).count(), 0)
    assert.deepEqual(await shown.violations(), [])
    await page.getByRole('button', { name: 'Make the first user' }).click()
    await dialog.getByRole('button', { name: 'Back' }).click()
    await dialog.getByRole('button', { name: 'First use…' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Make the first user' }).click()
    await dialog.getByLabel('Token of the first start').fill(await setupToken(shop))
    await dialog.getByLabel('Name of the user').fill('ann')
    await dialog.getByRole('button', { name: 'Make the user' }).click()
    secret = await dialog.getByLabel('Token', { exact: true }).inputValue()
    // The operator's token counts no more: what the view asks meanwhile neither fails nor takes the secret away.
    const asked = await page.waitForResponse(response => response.request().method() === 'GET')
    assert.equal(asked.status(), 200)
    await dialog.getByRole('button', { name: 'I have kept it' }).click()
    await page.getByRole('link', { name: 'ann' }).waitFor()
    await page.getByRole('button', { name: 'New user' }).waitFor()
    assert.deepEqual(shown.complaints, [])
  })

  test('a user is made, given a role and a token, disabled, and deleted', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await withToken(secret)
    const { page } = shown
    const dialog = page.getByRole('dialog')
    await shown.open('/access')
    await page.getByRole('button', { name: 'New user' }).click()
    await dialog.getByLabel('Name', { exact: true }).fill('bob')
    await dialog.getByLabel('E-mail').fill('bob@shop.example')
    await dialog.getByRole('button', { name: 'Make it' }).click()
    await page.waitForURL(/\/access\/users\/[0-9a-f-]{36}$/)
    await page.getByText('No role yet: nothing is allowed').waitFor()
    await page.getByText('No token yet').waitFor()

    await page.getByRole('button', { name: 'Give a role' }).click()
    await dialog.getByLabel('Role', { exact: true }).selectOption('developer')
    await dialog.getByLabel('Where it holds').selectOption('for an account')
    await dialog.getByLabel('Account').selectOption('globex')
    assert.deepEqual(await shown.violations(), [])
    await dialog.getByRole('button', { name: 'Give it' }).click()
    await page.locator('tr', { hasText: 'developer' }).getByText('for an account: globex').waitFor()

    await page.getByRole('button', { name: 'New token' }).click()
    await dialog.getByLabel('What it is for').fill('laptop')
    await dialog.getByLabel('Expires').selectOption('in 30 days')
    await dialog.getByRole('button', { name: 'Make it' }).click()
    const made = await dialog.getByLabel('The new token').inputValue()
    assert.match(made, /^pcp_/)
    assert.deepEqual(await shown.violations(), [])
    await dialog.getByRole('button', { name: 'I have kept it' }).click()
    const token = page.locator('tr', { hasText: 'laptop' })
    await token.getByText('active').waitFor()
    assert.doesNotMatch(await page.content(), new RegExp(made), 'it is shown once')

    // Bob sees his account alone, and his own tokens; what is served is of everybody, and not for him.
    await using own = await withToken(made)
    await own.open('/')
    await own.page.waitForURL('**/apis')
    await own.page.getByRole('link', { name: 'catalog' }).click()
    await own.page.getByText('5 requests a second').waitFor()
    assert.equal(await own.page.getByRole('link', { name: 'Map' }).count(), 0)
    assert.deepEqual(await own.violations(), [])
    await own.open('/routes')
    await own.page.getByText('Your roles do not show this').waitFor()
    await own.open('/consumers')
    await own.page.getByRole('link', { name: 'web' }).waitFor()
    assert.equal(await own.page.getByRole('link', { name: 'mobile' }).count(), 0)
    await own.page.getByRole('link', { name: 'Access' }).click()
    await own.page.getByText('Your roles do not show this').waitFor()
    await own.page.getByRole('button', { name: 'bob' }).click()
    await own.page.getByRole('link', { name: 'Your tokens' }).click()
    await own.page.locator('tr', { hasText: 'laptop' }).getByText('in use here').waitFor()
    await own.page.getByText('for an account: globex').waitFor()
    assert.equal(await own.page.getByRole('button', { name: /Give a role|Take away|Delete/ }).count(), 0)
    assert.deepEqual(
      own.complaints.filter(text => !text.includes('403')),
      [],
    )

    await token.getByRole('button', { name: 'Revoke' }).click()
    await dialog.getByRole('button', { name: 'Revoke' }).click()
    await token.getByText('revoked').waitFor()
    const { status } = await fetch(`${shop.admin}/v1/me`, { headers: { authorization: `Bearer ${made}` } })
    assert.equal(status, 401)

    await page.locator('tr', { hasText: 'developer' }).getByRole('button', { name: 'Take away' }).click()
    await dialog.getByRole('button', { name: 'Take away' }).click()
    await page.getByText('No role yet: nothing is allowed').waitFor()
    await page.getByRole('button', { name: 'Disable' }).click()
    await dialog.getByRole('button', { name: 'Disable' }).click()
    await page.getByRole('button', { name: 'Enable' }).waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByText('all tokens (0 active) and roles (0)').waitFor()
    await dialog.getByRole('button', { name: 'Delete it' }).click()
    await page.waitForURL('**/access')
    await page.getByRole('link', { name: 'ann' }).waitFor()
    await page.getByRole('link', { name: 'bob' }).waitFor({ state: 'detached' })
    assert.deepEqual(shown.complaints, [])
  })

  test('a team: its members have its roles', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await told(shop, 'POST', '/v1/users', { name: 'cem' }, secret)
    await using shown = await withToken(secret)
    const { page } = shown
    const dialog = page.getByRole('dialog')
    await shown.open('/access?show=teams')
    await page.getByRole('heading', { name: 'No team yet' }).waitFor()
    await page.getByRole('button', { name: 'New team' }).click()
    await dialog.getByLabel('Name', { exact: true }).fill('catalog')
    await dialog.getByRole('button', { name: 'Make it' }).click()
    await page.waitForURL(/\/access\/teams\//)
    await page.getByRole('button', { name: 'Add a member' }).click()
    await dialog.getByLabel('User').selectOption('cem')
    await dialog.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('link', { name: 'cem' }).waitFor()
    await page.getByRole('button', { name: 'Give a role' }).click()
    await dialog.getByLabel('Role', { exact: true }).selectOption('api-owner')
    await dialog.getByLabel('Where it holds').selectOption('for a team')
    await dialog.getByRole('button', { name: 'Give it' }).click()
    await page.locator('tr', { hasText: 'api-owner' }).getByText('for a team: catalog').waitFor()
    assert.deepEqual(await shown.violations(), [])

    const { secret: his } = await told<{ secret: string }>(
      shop,
      'POST',
      '/v1/users/cem/tokens',
      { name: 'x' },
      secret,
    )
    const me = await told<{ permissions: readonly string[] }>(shop, 'GET', '/v1/me', undefined, his)
    assert.ok(me.permissions.includes('subscriptions:approve'))

    await page.locator('tr', { hasText: 'cem' }).getByRole('button', { name: 'Take out' }).click()
    await dialog.getByRole('button', { name: 'Take out' }).click()
    await page.getByText('Nobody is in it yet').waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByText('its roles (1) and who is in it (0)').waitFor()
    await dialog.getByRole('button', { name: 'Delete it' }).click()
    await page.waitForURL(/\/access\?show=teams/)
    await page.getByRole('heading', { name: 'No team yet' }).waitFor()
    assert.deepEqual(shown.complaints, [])
  })

  for (const theme of ['light', 'dark'] as const)
    for (const width of [1280, 390])
      test(`axe finds nothing: ${theme}, ${width} pixels wide`, async t => {
        if (requirePeer(t, 'chromium') === null) return
        const { items } = await told<{ items: readonly { id: string }[] }>(
          shop,
          'GET',
          '/v1/users',
          undefined,
          secret,
        )
        await using shown = await withToken(secret, { theme, width })
        for (const [path, has] of [
          ['/access', 'tbody a'],
          [`/access/users/${items[0]!.id}`, 'tbody code'],
        ] as const) {
          await shown.open(path)
          await shown.page.locator(has).first().waitFor()
          assert.deepEqual(await shown.violations(), [], path)
          const wider = await shown.page.evaluate('document.documentElement.scrollWidth - innerWidth')
          assert.equal(wider, 0, `${path} is wider than the screen`)
        }
        assert.deepEqual(shown.complaints, [])
      })
})
