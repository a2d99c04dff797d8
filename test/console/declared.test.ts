import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { findPeer, requirePeer } from '../support/peer.ts'
import { Browser, type Console, type Look } from './browser.ts'
import { apisYaml } from './shop-apis.ts'
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
