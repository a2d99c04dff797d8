import { Type as T } from 'typebox'
import { all, defineGateway, http, rest, soft } from 'portcullis/composition'

interface Item {
  readonly id: number
  readonly name: string
}

/** As `portcullis composition gen` makes it of an OpenAPI document. */
interface Items {
  '/items': { get: { responses: { 200: { content: { 'application/json': Item[] } } } } }
  '/items/{id}': {
    get: {
      parameters: { path: { id: number } }
      responses: { 200: { content: { 'application/json': Item } } }
    }
  }
}

export const gateway = defineGateway({
  title: 'A page',
  backends: {
    // The Backends of backends.yaml.
    items: rest<Items>({ url: 'http://items', timeoutMs: 500 }),
    troubled: http({ url: 'http://troubled', timeoutMs: 200 }),
  },
  failures: [{ backend: 'items', status: 404, answer: { status: 404, title: 'No such item' } }],
  routes: r => [
    r.get('/page/{id}', {
      in: { params: T.Object({ id: T.Integer() }) },
      // What leaves the gateway, and nothing else.
      out: T.Object({ name: T.String(), next: T.String(), advice: T.Union([T.Null(), T.String()]) }),
      async run({ c, params: { id } }) {
        // Both begin now; the third when the item is here.
        const item = c.items.get('/items/{id}', { path: { id } })
        const advice = c.troubled.get('/slow').then(answer => answer.text())
        const next = item
          .then(() => c.items.get('/items'))
          .then(items => items.find(one => one.id > id)?.name ?? 'the end')
        // The advice is always late: the page says that it is missing.
        const x = await all({ item, next, advice: soft(advice, null) })
        return { name: x.item.name, next: x.next, advice: x.advice }
      },
    }),
  ],
})
