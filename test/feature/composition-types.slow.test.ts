import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CompositionFolder } from '../support/composition-folder.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const contracts = /interface Users[\s\S]*?\n}\n[\s\S]*?interface Shop[\s\S]*?\n}\n/.exec(
  readFileSync(join(root, 'test/support/storefront.ts'), 'utf8'),
)?.[0]

/** Of the code of a case, behind its imports. */
const FIRST_LINE = 8

/** A route with this body, after the calls of the others. */
const route = (run: string, out = 'T.Unknown()') => `
defineGateway({
  backends: { users: rest<Users>({ url: 'http://users' }), shop: rest<Shop>({ url: 'http://shop' }), raw: http({ url: 'http://raw' }) },
  routes: r => [r.get('/me/{id}', { out: ${out}, async run({ c, params }) { ${run} } })],
})`

/** A route of a backend of gRPC. */
const grpcRoute = (run: string, out = 'T.Unknown()') => `
defineGateway({
  backends: { shop: grpc(Books, { url: 'h2c://shop' }) },
  routes: r => [r.get('/me/{id}', { out: ${out}, async run({ c }) { ${run} } })],
})`

const grpcKit = (use: string) => `
const gateway = defineGateway({ backends: { shop: grpc(Books, { url: 'h2c://shop' }) }, routes: () => [] })
await using t = await testGateway(gateway)
${use}`

/** A gateway with a route that streams, is a WebSocket, or passes on. */
const streaming = (declared: string, use = '') => `
const Price = T.Object({ price: T.Number() })
const Ask = T.Object({ symbol: T.String() })
const backends = {
  users: rest<Users>({ url: 'http://users' }),
  feed: http({ url: 'http://feed' }),
  ticks: websocket({ url: 'ws://ticks', receives: Price, sends: Ask }),
}
const prices = shared(backends, { run: (c, symbol: string) => c.feed.events('/p/{s}', { path: { s: symbol }, item: Price }) })
void [prices, item, mapped, relay]
const gateway = defineGateway({ backends, routes: r => [${declared}] })
${use}`

const stream = (run: string) => streaming(`r.stream('/p/{symbol}', { out: Price, ${run} })`)
const socket = (run: string) =>
  streaming(`r.websocket('/w', { receives: Ask, sends: Price, async run({ socket, c }) { ${run} } })`)

const kit = (use: string) => `
const gateway = defineGateway({ backends: { users: rest<Users>({ url: 'http://users' }) }, routes: () => [] })
await using t = await testGateway(gateway)
${use}`

const user = 'c.users.get("/users/{id}", { path: { id: params.id } })'
const book = 'c.shop.get("/tiers/{name}/book", { path: { name: "gold" } })'

/** What must not compile, and what the compiler says of it; what has nothing to be said of it must. */
const table: readonly (readonly [what: string, code: string, said: RegExp | null])[] = [
  [
    'calls by the contract',
    route(`const u = await ${user}; return { name: u.name }`, 'T.Object({ name: T.String() })'),
    null,
  ],
  [
    'an optional query',
    route('return await c.users.get("/users/{id}/orders", { path: { id: "7" }, query: { limit: 3 } })'),
    null,
  ],
  [
    'a body by the contract',
    route('return await c.users.post("/users/{id}/orders", { path: { id: "7" }, body: { item: "tea" } })'),
    null,
  ],
  [
    'an answer without a body',
    route('const gone: undefined = await c.users.delete("/users/{id}", { path: { id: "7" } }); return gone'),
    null,
  ],
  ['a backend without a contract', route('return (await c.raw.get("/what/ever")).json()'), null],
  [
    'an unknown path',
    route('return await c.users.get("/user/{id}", { path: { id: "7" } })'),
    /"\/user\/\{id\}"' is not assignable to parameter of type '"\/users\/\{id\}"'\./,
  ],
  [
    'a method that the path has not',
    route('return await c.users.put("/users/{id}", { path: { id: "7" } })'),
    /not assignable to parameter of type .*"PUT is no method of it, GET is"/,
  ],
  [
    'an unknown path parameter',
    route('return await c.users.get("/users/{id}", { path: { name: "7" } })'),
    /'name' does not exist/,
  ],
  ['no path parameter', route('return await c.users.get("/users/{id}")'), /Expected 2 arguments/],
  [
    'a path parameter of another type',
    route('return await c.users.get("/users/{id}", { path: { id: 7 } })'),
    /'number' is not assignable to type 'string'/,
  ],
  ['a parameter that the route has not', route('return params.name'), /'name' does not exist/],
  [
    'a query of another type',
    route('return await c.users.get("/users/{id}/orders", { path: { id: "7" }, query: { limit: "3" } })'),
    /'string' is not assignable to type 'number'/,
  ],
  [
    'no body',
    route('return await c.users.post("/users/{id}/orders", { path: { id: "7" } })'),
    /'body' is missing/,
  ],
  [
    'a body of another shape',
    route('return await c.users.post("/users/{id}/orders", { path: { id: "7" }, body: { thing: "tea" } })'),
    /'thing' does not exist/,
  ],
  ['a member that the answer has not', route(`return (await ${user}).nickname`), /'nickname' does not exist/],
  [
    'a wrong result',
    route(`return { name: (await ${user}).tier.length }`, 'T.Object({ name: T.String() })'),
    /'number' is not assignable to type 'string'/,
  ],
  [
    'a result without a member',
    route('return {}', 'T.Object({ name: T.String() })'),
    /'\{\}' is not assignable to type 'Result<\{ name: string; \}>'/,
  ],
  ['an unhandled null of a soft call', route(`return (await soft(${book}, null)).title`), /possibly 'null'/],
  [
    'the same through all',
    route(`const x = await all({ book: soft(${book}, null) }); return x.book.title`),
    /'x.book' is possibly 'null'/,
  ],
  [
    'a soft call where the answer may not be null',
    route(
      `return { book: await soft(${book}, null) }`,
      'T.Object({ book: T.Object({ title: T.String() }) })',
    ),
    /'null' is not assignable/,
  ],
  ['an unknown backend', route('return await c.orders.get("/")'), /'orders' does not exist/],
  [
    'an unknown call that is declared',
    route('return 1').replace('out:', 'calls: ["users GET /user/{id}"], out:'),
    /"users GET \/user\/\{id\}"' is not assignable/,
  ],
  [
    'a rule for an unknown backend',
    route('return 1').replace('out:', 'failures: [{ backend: "orders", answer: { status: 404 } }], out:'),
    /"orders"' is not assignable/,
  ],
  [
    'a stub',
    kit('t.users.stub("GET /users/{id}", { id: "7", name: "Ada", tier: "gold" }, { afterMs: 5 })'),
    null,
  ],
  [
    'a stub that computes',
    kit(
      't.users.stub("GET /users/{id}", ({ path }) => ({ id: path["id"] ?? "", name: "Ada", tier: "tin" }))',
    ),
    null,
  ],
  [
    'a stub of an unknown call',
    kit('t.users.stub("GET /user/{id}", {})'),
    /"GET \/user\/\{id\}"' is not assignable/,
  ],
  [
    'a stub that breaks the contract',
    kit('t.users.stub("GET /users/{id}", { id: "7", name: "Ada", tier: "silver" })'),
    /"silver"' is not assignable/,
  ],
  [
    'a stub that leaves out a member',
    kit('t.users.stub("GET /users/{id}", { id: "7", tier: "tin" })'),
    /'name' is missing/,
  ],
  [
    'a trace of an unknown call',
    kit('t.trace.expectParallel("users GET /user/{id}")'),
    /"users GET \/user\/\{id\}"' is not assignable/,
  ],
  [
    'a call of gRPC',
    grpcRoute('return (await c.shop.getBook({ name: "x" })).title', 'T.String()').replace(
      'out:',
      'calls: ["shop getBook"], out:',
    ),
    null,
  ],
  [
    'streams of gRPC',
    grpcRoute(
      'for await (const { price } of c.shop.haggle([{ price: 1 }])) return price; return 0',
      'T.Number()',
    ),
    null,
  ],
  [
    'an unknown proto field',
    grpcRoute('return (await c.shop.getBook({ id: "x" })).title'),
    /'id' does not exist in type/,
  ],
  [
    'a proto field of another type',
    grpcRoute('return (await c.shop.getBook({ name: 7 })).title'),
    /'number' is not assignable to type 'string/,
  ],
  [
    'a field that the message has not',
    grpcRoute('return (await c.shop.getBook({ name: "x" })).author'),
    /'author' does not exist/,
  ],
  ['an unknown method', grpcRoute('return await c.shop.getBooks({})'), /'getBooks' does not exist/],
  [
    'a message where a stream is sent',
    grpcRoute('return (await c.shop.addBooks({ title: "x" })).count'),
    /'title' does not exist in type 'Sent</,
  ],
  [
    'a stream that is awaited for its message',
    grpcRoute('return (await c.shop.watchBooks({})).title'),
    /'title' does not exist on type 'CallStream</,
  ],
  [
    'an unhandled null of a soft call of gRPC',
    grpcRoute('return (await soft(c.shop.getBook({ name: "x" }), null)).title'),
    /possibly 'null'/,
  ],
  [
    'an unknown call of gRPC that is declared',
    grpcRoute('return 1').replace('out:', 'calls: ["shop getBooks"], out:'),
    /"shop getBooks"' is not assignable/,
  ],
  [
    'stubs of gRPC',
    grpcKit(`t.shop.stub('getBook', ({ name }) => ({ title: name }), { afterMs: 5 })
t.shop.stub('watchBooks', [{ title: 'x' }])
t.shop.stub('haggle', async function* (books) { for await (const { price } of books) yield { price } })
t.shop.fail('addBooks', { code: 'unavailable' })`),
    null,
  ],
  [
    'a stub of gRPC that breaks the contract',
    grpcKit('t.shop.stub("getBook", { titel: "x" })'),
    /'titel' does not exist/,
  ],
  [
    'a stub of an unknown method',
    grpcKit('t.shop.fail("getBooks", { code: "unavailable" })'),
    /"getBooks"' is not assignable/,
  ],
  ['an unknown code', grpcKit('t.shop.fail("getBook", { code: "gone" })'), /"gone"' is not assignable/],
  [
    'a stream of a backend',
    stream(
      'async *run({ c, params, lastEventId }) { yield* c.feed.events("/p/{s}", { path: { s: params.symbol }, item: Price, lastEventId }) }',
    ),
    null,
  ],
  [
    'a shared stream',
    stream('run: ({ params, lastEventId }) => prices.of(params.symbol, { lastEventId })'),
    null,
  ],
  [
    'a stream that is mapped',
    stream('run: ({ params }) => mapped(prices.of(params.symbol), one => ({ price: one.price * 2 }))'),
    null,
  ],
  ['an item with an id', stream('async *run() { yield item({ price: 1 }, { id: "1" }) }'), null],
  [
    'an item of another type',
    stream('async *run() { yield { price: "1" } }'),
    /'string' is not assignable to type 'number'/,
  ],
  [
    'events as text where items have a schema',
    stream('async *run({ c }) { yield* c.feed.events("/p") }'),
    /StreamItem<string>/,
  ],
  [
    'a key of another type',
    stream('run: () => prices.of(7)'),
    /'number' is not assignable to parameter of type 'string'/,
  ],
  [
    'events of an unknown path',
    stream('async *run({ c }) { yield* c.users.events("/user", { item: Price }) }'),
    /^error TS2345: Argument of type '"\/user"' is not assignable to parameter of type 'PathsWith</,
  ],
  [
    'a WebSocket',
    socket(
      'for await (const { symbol } of socket) await socket.send({ price: symbol.length }); await relay(socket, await c.ticks.connect("/t"))',
    ),
    null,
  ],
  ['a message of another type', socket('await socket.send({ cost: 1 }); void c'), /'cost' does not exist/],
  [
    'a message of a backend that it does not take',
    socket('await (await c.ticks.connect("/t")).send({ price: 1 }); void socket'),
    /'price' does not exist/,
  ],
  [
    'a stub of a WebSocket',
    streaming(
      '',
      'const t = await testGateway(gateway); t.ticks.accept("/t", async ({ socket }) => { for await (const { symbol } of socket) await socket.send({ price: symbol.length }) })',
    ),
    null,
  ],
  [
    'a stub of a WebSocket that breaks the contract',
    streaming(
      '',
      'const t = await testGateway(gateway); t.ticks.accept("/t", async ({ socket }) => { await socket.send({ symbol: "a" }) })',
    ),
    /'symbol' does not exist/,
  ],
  ['a proxy', streaming("r.proxy('/x/{rest=**}', 'feed', { rewrite: '/{rest=**}' })"), null],
  ['a proxy to an unknown backend', streaming("r.proxy('/x', 'food')"), /"food"' is not assignable/],
]

suite('what a breaking contract does to a composition', () => {
  const said = new Map<number, string>()
  /** The lines of a case that something is said of. */
  const lines = new Map<number, number[]>()

  before(() => {
    assert.ok(contracts !== undefined)
    const files: Record<string, string> = {
      'shop_pb.ts': readFileSync(join(root, 'test/support/fixtures/shop/shop_pb.ts'), 'utf8'),
      'contracts.ts': contracts.replaceAll(/^interface/gm, 'export interface'),
    }
    for (const [i, [, code]] of table.entries())
      files[`case-${i}.ts`] = `import { Type as T } from 'typebox'
import { all, defineGateway, grpc, http, item, mapped, relay, rest, shared, soft, websocket } from 'portcullis/composition'
import { testGateway } from 'portcullis/composition/testing'
import type { Shop, Users } from './contracts.ts'
import { Shop as Books } from './shop_pb.ts'
void [T, Books, all, grpc, http, item, mapped, relay, rest, shared, soft, websocket, testGateway]
export type Contracts = [Shop, Users]
${code}
`
    using folder = new CompositionFolder(files)
    const output = folder.compile()
    // An error's further lines are indented.
    for (const [, i = '', line = '', text = ''] of output.matchAll(
      /^case-(\d+)\.ts\((\d+),\d+\): (.*(?:\n {2}.*)*)/gm,
    )) {
      said.set(Number(i), `${said.get(Number(i)) ?? ''}${text}\n`)
      lines.set(Number(i), [...(lines.get(Number(i)) ?? []), Number(line)])
    }
    const elsewhere = output.split('\n').filter(line => /^\S/.test(line) && !line.startsWith('case-'))
    assert.deepEqual(elsewhere, [])
  })

  for (const [i, [what, , expected]] of table.entries())
    test(`${what} ${expected === null ? 'compiles' : 'does not compile'}`, () => {
      if (expected === null) assert.equal(said.get(i), undefined)
      else {
        assert.match(said.get(i) ?? '', expected)
        // At the composition, and not at what it imports.
        assert.ok(lines.get(i)!.every(line => line >= FIRST_LINE))
      }
    })
})
