// `npm run pictures [-- NAME…]`: makes the pictures of docs/console again, of an invented shop.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findPeer } from '../support/peer.ts'
import { Browser } from './browser.ts'
import { inventPast } from './invented-past.ts'
import { apisYaml, consume, use } from './shop-apis.ts'
import { brokenRoute, services } from './shop-resources.ts'
import { Shop } from './shop.ts'

const folder = join(import.meta.dirname, '../../docs/console')
const looks = {
  dark: { theme: 'dark', width: 1280, height: 800 },
  light: { theme: 'light', width: 1280, height: 800 },
  phone: { theme: 'dark', width: 390, height: 844 },
  wide: { theme: 'light', width: 1920, height: 1080 },
} as const

const chromium = findPeer('chromium')
if (chromium === null) throw new Error('chromium is not installed (Debian: apt-get install chromium)')
mkdirSync(folder, { recursive: true })
await using shop = await Shop.open({
  prepare: data =>
    inventPast(
      data,
      services.map(name => `httproute/default/${name}/0`),
    ),
})
shop.busy()
await delay(20_000)
// One backend has died, and one file is half right.
await shop.endSearch()
shop.folder.write('reviews.yaml', brokenRoute('reviews'))
await delay(5_000)
const { body } = await shop.ask('/search/4711?page=2&token=hidden')
const { exchange: id } = JSON.parse(body) as { exchange: string }
const url = encodeURIComponent(`http://shop.example:${shop.ports.http}/search/1`)
const views = {
  overview: '/',
  map: '/map',
  requests: '/requests',
  request: `/requests/${id}`,
  routes: '/routes',
  route: '/routes/httproute/default/checkout/0',
  backends: '/backends',
  backend: '/backends/Backend/default/search',
  certificates: '/certificates',
  problems: '/problems',
  explain: `/explain?method=GET&url=${url}`,
  object: '/objects/gateway.networking.k8s.io/HTTPRoute/default/reviews',
}
const only = process.argv.slice(2)
await using browser = await Browser.open(chromium)
await take(views)

// Of managing APIs: some routes have plans from now on, and those who shop without a key are denied.
shop.folder.write('apis.yaml', apisYaml)
await delay(3_000)
const { key, application } = await consume(shop)
await use(shop, key, 30)
await take({
  api: '/apis/default/catalog',
  application: `/consumers/${application}`,
  subscriptions: '/consumers?show=subscriptions',
  usage: '/usage?range=hour&group=operation',
})

async function take(shownViews: Readonly<Record<string, string>>): Promise<void> {
  for (const [look, how] of Object.entries(looks)) {
    await using shown = await browser.page(shop.admin, how)
    await shown.page.addInitScript(token => sessionStorage.setItem('portcullis.token', token), shop.token())
    for (const [name, path] of Object.entries(shownViews)) {
      if (only.length > 0 && !only.includes(name)) continue
      await shown.open(path)
      // Plots are drawn after the view, and small ones need some seconds to have a course.
      await delay(name === 'overview' ? 8_000 : 1_200)
      await shown.page.screenshot({ path: join(folder, `${name}-${look}.png`) })
    }
  }
}
