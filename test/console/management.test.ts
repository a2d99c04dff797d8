import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { after, before, suite, test } from 'node:test'
import { findPeer, requirePeer } from '../support/peer.ts'
import { Browser, type Console, type Look } from './browser.ts'
import { apisYaml, consume, setupToken, told, use } from './shop-apis.ts'
import { Shop } from './shop.ts'

const WAITS = '/consumers?show=subscriptions&status=pending'

suite('API management in the console', () => {
  let browser: Browser
  let shop: Shop
  let key = ''
  let application = ''
  before(async () => {
    const chromium = findPeer('chromium')
    if (chromium === null) return
    browser = await Browser.open(chromium)
    shop = await Shop.open({ more: { 'apis.yaml': apisYaml } })
    ;({ key, application } = await consume(shop))
  })
  after(async () => {
    await browser?.[Symbol.asyncDispose]()
    await shop?.[Symbol.asyncDispose]()
  })

  const asOperator = async (look?: Look): Promise<Console> => {
    const shown = await browser.page(shop.admin, look)
    await shown.page.addInitScript(token => sessionStorage.setItem('portcullis.token', token), shop.token())
    return shown
  }
  /** What asks with a key gets of the API. */
  const statusWith = async (sent: string): Promise<number> =>
    (await shop.ask('/stock/1', { 'x-api-key': sent })).status

  for (const theme of ['light', 'dark'] as const)
    for (const width of [1280, 390])
      test(`axe finds nothing: ${theme}, ${width} pixels wide; nor does the browser complain`, async t => {
        if (requirePeer(t, 'chromium') === null) return
        await use(shop, key, 4)
        await using shown = await asOperator({ theme, width })
        for (const [path, has] of [
          ['/apis', 'tbody a'],
          ['/apis?show=products', 'tbody a'],
          ['/apis?show=plans', 'tbody a'],
          ['/apis?show=policies', 'tbody a'],
          ['/apis/default/catalog', '.filters li'],
          ['/consumers', 'tbody a'],
          ['/consumers?show=accounts', 'tbody a'],
          ['/consumers?show=subscriptions', 'tbody a'],
          [`/consumers/${application}`, 'tbody code'],
          ['/usage', '.drawing canvas'],
          ['/audit', 'tbody button'],
        ] as const) {
          await shown.open(path)
          await shown.page.locator(has).first().waitFor()
          assert.deepEqual(await shown.violations(), [], path)
          const wider = await shown.page.evaluate('document.documentElement.scrollWidth - innerWidth')
          assert.equal(wider, 0, `${path} is wider than the screen`)
        }
        assert.deepEqual(shown.complaints, [])
      })

  test('an API has its plans in words, and tells which object put each filter there', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await asOperator()
    await shown.open('/apis/default/catalog')
    await shown.says(
      'main',
      /5 requests a second, at most 10 at once/,
      /40 requests a month, by the calendar of Europe\/Berlin, more is allowed, and flagged/,
      /authentication[\s\S]*Product\/browse[\s\S]*apis\.yaml/,
      /identity-limits[\s\S]*RateLimitPolicy\/everybody/,
      /HTTPRoute\/stock/,
    )
  })

  test('from nothing to a key that works: an account, an application, a subscription, a key', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await asOperator()
    const { page } = shown
    await shown.open('/consumers')
    await page.getByRole('button', { name: 'New application' }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('Account').fill('initech')
    await form.getByLabel('Name', { exact: true }).fill('Not A Name')
    await form.getByRole('button', { name: 'Make it' }).click()
    assert.equal(await page.evaluate('document.querySelector("input:invalid") !== null'), true)
    await form.getByLabel('Name', { exact: true }).fill('reports')
    assert.deepEqual(await shown.violations(), [])
    await form.getByRole('button', { name: 'Make it' }).click()
    await page.waitForURL(/\/consumers\/[0-9a-f-]{36}$/)
    await page.getByRole('heading', { name: 'reports' }).waitFor()

    await page.getByRole('button', { name: 'Subscribe' }).click()
    await form
      .getByText(/5 requests a second/)
      .first()
      .waitFor()
    await form.getByRole('button', { name: 'Subscribe' }).click()
    await page.locator('tr', { hasText: 'browse' }).getByText('active').waitFor()

    await page.getByRole('button', { name: 'New key' }).click()
    await form.getByLabel('What it is for').fill('nightly')
    await form.getByLabel('Expires').selectOption('in 30 days')
    await form.getByRole('button', { name: 'Make it' }).click()
    const made = await form.getByLabel('The new key').inputValue()
    assert.match(made, /^pc_live_/)
    assert.deepEqual(await shown.violations(), [])
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await form.getByRole('button', { name: 'Copy' }).click()
    await form.getByText('Copied').waitFor()
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), made)
    await form.getByRole('button', { name: 'I have kept it' }).click()
    const row = page.locator('tr', { hasText: 'nightly' })
    await row.waitFor()
    assert.doesNotMatch(await page.content(), new RegExp(made), 'it is shown once')
    assert.equal(await statusWith(made), 200)

    await row.getByRole('button', { name: 'Rotate' }).click()
    await form.getByLabel('The old one counts for').selectOption('an hour')
    await form.getByRole('button', { name: 'Rotate' }).click()
    const next = await form.getByLabel('The new key').inputValue()
    await form.getByRole('button', { name: 'Close' }).click()
    assert.deepEqual([await statusWith(made), await statusWith(next)], [200, 200])

    const old = page.locator('tr', { hasText: made.slice(0, 20) })
    await old.getByRole('button', { name: 'Revoke' }).click()
    await form.getByLabel('Why').fill('it was in a repository')
    await form.getByRole('button', { name: 'Revoke' }).click()
    await old.getByText('revoked').waitFor()
    assert.deepEqual([await statusWith(made), await statusWith(next)], [401, 200])

    await page.getByRole('button', { name: 'Suspend the application' }).click()
    await form.getByRole('button', { name: 'Suspend the application' }).click()
    await page.getByRole('button', { name: 'Resume the application' }).waitFor()
    await form.waitFor({ state: 'detached' })
    assert.notEqual(await statusWith(next), 200)
    await page.getByRole('button', { name: 'Resume the application' }).click()
    await form.getByRole('button', { name: 'Resume the application' }).click()
    await form.waitFor({ state: 'detached' })
    assert.equal(await statusWith(next), 200)
    assert.deepEqual(shown.complaints, [])
  })

  test('other credentials: a password is shown once, a certificate and a client have no secret here', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await asOperator()
    const { page } = shown
    const form = page.getByRole('dialog')
    await shown.open(`/consumers/${application}`)
    const begin = async (kind: string) => {
      await page.getByRole('button', { name: 'New key' }).click()
      await form.getByLabel('Kind').selectOption(kind)
    }
    await begin('name and password')
    await form.getByLabel('User name').fill('batch')
    await form.getByRole('button', { name: 'Make it' }).click()
    assert.notEqual(await form.getByLabel('The new password').inputValue(), '')
    await form.getByRole('button', { name: 'I have kept it' }).click()
    await begin('client certificate')
    await form.getByLabel('Subject').fill('CN=mobile,O=Acme')
    await form.getByRole('button', { name: 'Make it' }).click()
    await page.locator('tr', { hasText: 'CN=mobile,O=Acme' }).waitFor()
    await begin('client of an issuer of tokens')
    await form.getByLabel('Issuer').fill('not a url')
    await form.getByLabel('Client id').fill('mobile')
    await form.getByRole('button', { name: 'Make it' }).click()
    // The gateway's own words; what was typed stays.
    await form.getByRole('alert').filter({ hasText: 'issuer' }).waitFor()
    await form.getByLabel('Issuer').fill('https://login.example/')
    await form.getByRole('button', { name: 'Make it' }).click()
    await page.locator('tr', { hasText: 'client of an issuer' }).waitFor()
    assert.deepEqual(
      shown.complaints.filter(text => !text.includes('400')),
      [],
    )
  })

  test('what waits for approval: the overview tells of it, and it is approved or rejected with a reason', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await asOperator()
    const { page } = shown
    const form = page.getByRole('dialog')
    await shown.open('/')
    await page.getByText('1 subscription waits for approval').waitFor()
    assert.deepEqual(await shown.violations(), [])
    await page.getByRole('link', { name: 'Look at them' }).click()
    await page.waitForURL(`**${WAITS}`)
    await page.locator('tr', { hasText: 'web' }).getByRole('button', { name: 'Approve' }).click()
    await form.getByRole('button', { name: 'Approve' }).click()
    await page.getByText('Nothing waits for approval').waitFor()

    const row = page.locator('tr', { hasText: 'globex' })
    await shown.open('/consumers?show=subscriptions')
    await row.getByText('active').waitFor()
    await row.getByRole('button', { name: 'Suspend' }).click()
    await form.getByLabel('Why').fill('the bill is not paid')
    await form.getByRole('button', { name: 'Suspend' }).click()
    await row.getByText('the bill is not paid').waitFor()
    await row.getByRole('button', { name: 'Resume' }).click()
    await form.getByRole('button', { name: 'Resume' }).click()
    await row.getByRole('button', { name: 'Suspend' }).waitFor()
    await row.getByRole('button', { name: 'Cancel' }).click()
    await form.getByRole('button', { name: 'Cancel it' }).click()
    await row.getByText('cancelled').waitFor()

    await told(shop, 'POST', '/v1/subscriptions', { application, product: 'buy', plan: 'gold' })
    await shown.open(WAITS)
    await page.getByRole('button', { name: 'Reject' }).click()
    await form.getByLabel('Why').fill('not for mobiles')
    await form.getByRole('button', { name: 'Reject' }).click()
    await page.getByText('Nothing waits for approval').waitFor()
    assert.deepEqual(shown.complaints, [])
  })

  test('what is left of each limit of a subscription, as it falls', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await asOperator()
    const left = async () => {
      const { items } = await told<{ items: readonly { id: string; product: string }[] }>(
        shop,
        'GET',
        `/v1/subscriptions?application=${application}`,
      )
      const id = items.find(({ product }) => product === 'default/browse')?.id ?? ''
      const limits = await told<{ items: readonly { name: string; left: number }[] }>(
        shop,
        'GET',
        `/v1/subscriptions/${id}/limits`,
      )
      return limits.items.find(({ name }) => name === 'monthly')?.left ?? -1
    }
    const row = shown.page.locator('tr', { hasText: 'browse' })
    await shown.open(`/consumers/${application}`)
    await row.getByText(/\d+ of 40 requests this month/).waitFor()
    /** What the page and the API agree on: what was used beforehand may still be counted by the ledger. */
    const agreed = async (most: number) => {
      for (;;) {
        const now = await left()
        if (now <= most && (await row.innerText()).includes(`${now} of 40 requests this month`)) return now
        await delay(50)
      }
    }
    const first = await agreed(40)
    await row.getByText(/\d+ of 10 requests at once/).waitFor()
    await row.getByText(/renews \d+ \w+, \d\d:\d\d/).waitFor()
    await use(shop, key, 2)
    await agreed(first - 2)
    assert.deepEqual(await shown.violations(), [])
    assert.deepEqual(shown.complaints, [])
  })

  test('another plan', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await asOperator()
    const { page } = shown
    const form = page.getByRole('dialog')
    await shown.open(`/consumers/${application}`)
    const row = page.locator('tr', { hasText: 'browse' })
    await row.getByRole('button', { name: 'Change plan' }).click()
    await form.getByLabel('Plan').selectOption('gold')
    await form
      .getByText(/100,000 requests a day/)
      .first()
      .waitFor()
    await form.getByRole('button', { name: 'Change plan' }).click()
    await form.waitFor({ state: 'detached' })
    await row.getByText('gold').waitFor()
    assert.deepEqual(shown.complaints, [])
  })

  test('an account', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await asOperator()
    const { page } = shown
    const form = page.getByRole('dialog')
    await shown.open('/consumers?show=accounts')
    await page.getByRole('button', { name: 'New account' }).click()
    await form.getByLabel('Name', { exact: true }).fill('acme')
    await form.getByRole('button', { name: 'Make it' }).click()
    await form.getByRole('alert').filter({ hasText: 'one of the same name' }).waitFor()
    await form.getByLabel('Name', { exact: true }).fill('umbrella')
    await form.getByRole('button', { name: 'Make it' }).click()
    await page.getByRole('link', { name: 'umbrella' }).click()
    await page.getByText('None with this filter').waitFor()

    await told(shop, 'POST', '/v1/applications', { account: 'umbrella', name: 'lab' })
    await shown.open('/consumers?show=accounts')
    const row = page.locator('tr', { hasText: 'umbrella' })
    await row.getByRole('button', { name: 'Suspend' }).click()
    await form.getByRole('button', { name: 'Suspend' }).click()
    await row.getByText('suspended').waitFor()
    // An account with applications is not deleted; the dialog leads to them.
    await row.getByRole('button', { name: 'Delete' }).click()
    await form.getByText('which have to be deleted first').waitFor()
    assert.equal(await form.getByRole('button', { name: 'Delete it' }).count(), 0)
    assert.deepEqual(await shown.violations(), [])
    await form.getByRole('link', { name: 'lab' }).click()
    await page.getByRole('heading', { name: 'lab' }).waitFor()
    await page.getByRole('button', { name: 'New key' }).click()
    await form.getByRole('button', { name: 'Make it' }).click()
    await form.getByRole('button', { name: 'I have kept it' }).click()
    await page.getByRole('button', { name: 'Delete' }).click()
    await form.getByText('credentials (1 active) and subscriptions (0 active)').waitFor()
    await form.getByRole('button', { name: 'Delete it' }).click()
    await page.getByText('None with this filter').waitFor()
    await shown.open('/consumers?show=accounts')
    await row.getByRole('button', { name: 'Delete' }).click()
    await form.getByRole('button', { name: 'Delete it' }).click()
    await row.waitFor({ state: 'detached' })
    assert.deepEqual(
      shown.complaints.filter(text => !text.includes('409')),
      [],
    )
  })

  test('usage: by whom and of what, filtered, as a plot, a table and a file', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await use(shop, key, 6)
    await using shown = await asOperator()
    const { page } = shown
    await shown.open('/usage?range=hour')
    await page.locator('.drawing canvas').waitFor()
    await page.getByRole('combobox', { name: 'Grouped by' }).selectOption('by Operation')
    await page.locator('tr', { hasText: 'getStock' }).waitFor()
    await page.getByRole('combobox', { name: 'Grouped by' }).selectOption('by Application')
    await page.getByRole('link', { name: 'mobile' }).waitFor()
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'CSV' }).click()
    const stream = await (await download).createReadStream()
    let csv = ''
    for await (const chunk of stream) csv += String(chunk)
    assert.match(csv, /application/)
    await page.getByRole('combobox', { name: 'API' }).selectOption('orders')
    await page.getByText('Nothing was used in this time').waitFor()
    assert.deepEqual(await shown.violations(), [])
    assert.deepEqual(shown.complaints, [])
  })

  test('audit: who did what, before and after, and the chain holds', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await asOperator()
    const { page } = shown
    await shown.open('/audit')
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('account')
    await page.waitForURL(/kind=account/)
    await page.locator('tr', { hasText: 'acme' }).getByRole('button', { name: 'account.create' }).click()
    const event = page.getByRole('dialog')
    await event.getByText('nothing was there').waitFor()
    await event
      .getByText(/"name": "acme"/)
      .first()
      .waitFor()
    assert.deepEqual(await shown.violations(), [])
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Verify' }).click()
    await page.getByText(/All \d+ events are as they were written/).waitFor()
    assert.deepEqual(shown.complaints, [])
  })

  // The last: from then on nothing is open to who has not logged in.
  test('without a token it is read only, says so, and takes one; then the first user is made', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await browser.page(shop.admin)
    const { page } = shown
    const dialog = page.getByRole('dialog')
    await shown.open(`/consumers/${application}`)
    await page.locator('tbody code').first().waitFor()
    assert.equal(await page.getByRole('button', { name: 'Revoke' }).count(), 0)
    await shown.open('/audit')
    await page.getByRole('button', { name: 'Use a token' }).first().click()
    await dialog
      .getByText(/admin-token/)
      .first()
      .waitFor()
    assert.deepEqual(await shown.violations(), [])
    await dialog.getByLabel('Token').fill('not the token')
    await dialog.getByRole('button', { name: 'Continue' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByRole('button', { name: 'Close' }).click()
    await dialog.waitFor({ state: 'detached' })

    await page.getByRole('button', { name: 'Use a token' }).first().click()
    await dialog.getByRole('button', { name: 'First use…' }).click()
    await dialog.getByLabel('Token of the first start').fill('not it')
    await dialog.getByLabel('Name of the user').fill('ann')
    await dialog.getByRole('button', { name: 'Make the user' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByLabel('Token of the first start').fill(await setupToken(shop))
    await dialog.getByRole('button', { name: 'Make the user' }).click()
    const own = await dialog.getByLabel('Token', { exact: true }).inputValue()
    assert.match(own, /^pcp_/)
    assert.deepEqual(await shown.violations(), [])
    await dialog.getByRole('button', { name: 'I have kept it' }).click()
    await page.getByRole('button', { name: 'ann' }).click()
    await dialog
      .getByText(/admin, everywhere/)
      .first()
      .waitFor()
    await page.keyboard.press('Escape')
    await page.locator('tr', { hasText: 'user.create' }).first().waitFor()
    assert.equal(await page.evaluate('Object.keys(localStorage).length'), 0)

    // A viewer of it all may change nothing.
    await told(shop, 'POST', '/v1/users', { name: 'vic' }, own)
    const role = { user: 'vic', role: 'viewer', scope: 'platform' }
    await told(shop, 'POST', '/v1/role-bindings', role, own)
    const made = await told<{ secret: string }>(
      shop,
      'POST',
      '/v1/users/vic/tokens',
      { name: 'browser' },
      own,
    )
    await using viewer = await browser.page(shop.admin)
    await viewer.page.addInitScript(token => sessionStorage.setItem('portcullis.token', token), made.secret)
    await viewer.open(`/consumers/${application}`)
    await viewer.page.locator('tbody code').first().waitFor()
    await viewer.page.getByRole('button', { name: 'vic' }).waitFor()
    assert.equal(
      await viewer.page.getByRole('button', { name: /New|Revoke|Subscribe|Use a token/ }).count(),
      0,
    )
    await viewer.open('/audit')
    await viewer.page.getByText('Your roles do not show this').waitFor()
    assert.deepEqual(viewer.complaints, [])
    assert.deepEqual(
      shown.complaints.filter(text => !/401|403/.test(text)),
      [],
    )
  })
})
