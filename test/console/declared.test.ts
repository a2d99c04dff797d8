import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { stringify } from 'yaml'
import { findPeer, requirePeer } from '../support/peer.ts'
import { Browser, type Console, type Look } from './browser.ts'
import { apisYaml, told } from './shop-apis.ts'
import { Shop } from './shop.ts'

/** For a route, for a Gateway, for nothing that is there, and one that is refused. */
const policiesYaml = `apiVersion: portcullis.dev/v1alpha1
kind: AuthenticationPolicy
metadata: { name: keys }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: reports }]
  credentials: [{ apiKey: { in: [{ query: key }] } }]
---
apiVersion: portcullis.dev/v1alpha1
kind: AuthorizationPolicy
metadata: { name: readers }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: front }]
  rules: [{ name: read, action: Allow, to: { methods: [GET, HEAD] } }]
---
apiVersion: portcullis.dev/v1alpha1
kind: RateLimitPolicy
metadata: { name: lost }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: nowhere }]
  limits: [{ name: all, kind: Rate, amount: 10, per: Second, by: ClientAddress }]
---
apiVersion: portcullis.dev/v1alpha1
kind: AuthorizationPolicy
metadata: { name: broken }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: cart }]
  rules: [{ name: x, action: Allowed }]
`

const planOf = (name: string, amount: number, kind = 'Rate') => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Plan',
  metadata: { name },
  spec: { limits: [{ name: 'pace', kind, amount, per: 'Second' }] },
})
const planYaml = (name: string, kind: string): string => stringify(planOf(name, 5, kind))

suite('what is declared of management, in the console', () => {
  let browser: Browser
  let shop: Shop
  before(async () => {
    const chromium = findPeer('chromium')
    if (chromium === null) return
    browser = await Browser.open(chromium)
    shop = await Shop.open({ more: { 'apis.yaml': apisYaml, 'policies.yaml': policiesYaml } })
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

  test('policies in words, with what each is for, and why one is not in force', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await asOperator()
    const { page } = shown
    await shown.open('/apis?show=policies')
    const row = (hasText: string) => page.locator('tr', { hasText })
    await row('AuthenticationPolicy/keys').getByText('An API key in the query parameter key').waitFor()
    await row('AuthorizationPolicy/readers')
      .getByText('read allows everybody to ask for GET or HEAD')
      .waitFor()
    await row('AuthorizationPolicy/readers').getByText('Gateway/front').waitFor()
    await row('AuthorizationPolicy/broken').getByText('look at it').waitFor()
    await row('AuthorizationPolicy/broken').getByText('"Allowed"').waitFor()
    await page.getByRole('link', { name: 'RateLimitPolicy/lost' }).click()
    await shown.says('main', /10 requests a second, for each client address/, /not in force there/)
    await shown.says('main', /HTTPRoute\/nowhere[\s\S]*does not exist/)
    assert.deepEqual(shown.complaints, [])
  })

  test('a route, an API and a Gateway tell what protects them, which object put it there, and what is closed', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await asOperator()
    await shown.open('/routes/httproute/default/reports/0')
    await shown.says(
      'main',
      /On the listeners[\s\S]*AuthorizationPolicy\/readers[\s\S]*policies\.yaml:\d+[\s\S]*On this rule[\s\S]*AuthenticationPolicy\/keys/,
    )
    await shown.open('/routes/httproute/default/cart/0')
    await shown.says('main', /closed[\s\S]*AuthorizationPolicy\.portcullis\.dev default\/broken/)
    await shown.open('/apis/default/catalog')
    await shown.says('main', /AuthorizationPolicy\/readers[\s\S]*On this rule[\s\S]*Product\/browse/)
    await shown.open('/objects/gateway.networking.k8s.io/Gateway/default/front')
    await shown.says(
      'main',
      /What all of its requests meet[\s\S]*front\/http[\s\S]*AuthorizationPolicy\/readers/,
    )
    assert.deepEqual(shown.complaints, [])
  })

  test('an object of the store is made, refused at its line, saved, changed and deleted', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await asOperator()
    const { page } = shown
    const text = page.getByLabel('The object, as YAML')
    await shown.open('/apis?show=plans')
    await page.getByRole('link', { name: 'New object' }).click()
    await text.fill(planYaml('silver', 'Rat'))
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByRole('alert').filter({ hasText: 'line 8' }).filter({ hasText: '"Rat"' }).waitFor()
    await page.locator('.faulty', { hasText: 'kind: Rat' }).locator('em').waitFor()
    assert.deepEqual(await shown.violations(), [])
    await page.getByRole('button', { name: 'line 8' }).click()
    await page.locator('textarea:focus').waitFor()
    await text.fill('kind: "Plan\n')
    await page.getByRole('button', { name: 'Save' }).click()
    await page
      .getByRole('alert')
      .filter({ hasText: /line \d/ })
      .waitFor()
    await text.fill(planYaml('silver', 'Rate'))
    await page.getByRole('button', { name: 'Check' }).click()
    await page.getByText('Nothing is wrong with it. It is not saved yet.').waitFor()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved, and read by all workers').waitFor()
    await page.getByText('no Product has it').waitFor()
    assert.deepEqual(await shown.violations(), [])

    await page.getByRole('link', { name: 'Plan/silver' }).click()
    await page.getByText('in the store').waitFor()
    await page.getByRole('link', { name: 'Edit' }).click()
    await text.fill((await text.inputValue()).replace('amount: 5', 'amount: 7'))
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved, and read by all workers').waitFor()
    // Somebody else changes it meanwhile: what they have written is not written over.
    await told(shop, 'PUT', '/v1/objects/portcullis.dev/Plan/default/silver', planOf('silver', 9))
    await text.fill((await text.inputValue()).replace('amount: 7', 'amount: 8'))
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').filter({ hasText: 'it has changed since' }).waitFor()
    await shown.open('/apis?show=plans')
    await page.locator('tr', { hasText: 'silver' }).getByText('9 requests a second').waitFor()

    await shown.open('/apis?show=store')
    const row = page.locator('tr', { hasText: 'Plan/silver' })
    await row.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete it' }).click()
    await page.getByRole('heading', { name: 'The store has no object' }).waitFor()
    assert.deepEqual(
      shown.complaints.filter(complaint => !/ 4(12|22) /.test(complaint)),
      [],
    )
  })

  test('what stands in a file is read-only, and says where it is; what is saved says what it lacks', async t => {
    if (requirePeer(t, 'chromium') === null) return
    await using shown = await asOperator()
    const { page } = shown
    await shown.open('/objects/portcullis.dev/Plan/default/free')
    await shown.says('main', /apis\.yaml:\d+:\d+[\s\S]*read-only here/)
    assert.equal(await page.getByRole('link', { name: 'Edit' }).count(), 0)
    const text = page.getByLabel('The object, as YAML')
    await shown.open('/apis/new?kind=Plan')
    await text.fill(planYaml('free', 'Rate'))
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').filter({ hasText: 'is declared at apis.yaml' }).waitFor()
    await page.getByLabel('Kind').selectOption('RateLimitPolicy')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved, but not all of it is in force').waitFor()
    await page.getByText('my-route does not exist').first().waitFor()
    await told(shop, 'DELETE', '/v1/objects/portcullis.dev/RateLimitPolicy/default/my-ratelimitpolicy')
    assert.deepEqual(
      shown.complaints.filter(complaint => !complaint.includes(' 409 ')),
      [],
    )
  })

  for (const theme of ['light', 'dark'] as const)
    for (const width of [1280, 390])
      test(`axe finds nothing: ${theme}, ${width} pixels wide`, async t => {
        if (requirePeer(t, 'chromium') === null) return
        await using shown = await asOperator({ theme, width })
        for (const [path, has] of [
          ['/apis?show=policies', 'tbody li'],
          ['/objects/portcullis.dev/RateLimitPolicy/default/lost', '.conditions li p'],
          ['/objects/gateway.networking.k8s.io/Gateway/default/front', '.met .filters li'],
          ['/apis/default/catalog', '.met .filters li'],
          ['/apis?show=store', '.empty, tbody a'],
          ['/apis/new?kind=Plan', 'textarea'],
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
