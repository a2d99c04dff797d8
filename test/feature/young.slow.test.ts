// What a request of a composition makes dies young: a table that comes to old space and keeps what was under way once
// (src/http/by-id.ts) costs a fifth of the processor, and nothing else tells of it.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { send } from '../support/client.ts'
import { composedYaml, untilAnswered } from '../support/composed-yaml.ts'
import { Folder, freePort, RunProcess } from '../support/process.ts'
import { TestUpstream } from '../support/upstream.ts'

const aggregate =
  '{ aggregate: { backends: { parts: {} }, routes: [{ path: "/page/{id}", parts: { ' +
  'user: { backend: parts, path: "/users/{params.id}" }, orders: { backend: parts, path: "/orders/{params.id}" } } }] } }'

const code = `
import { Type as T } from 'typebox'
import { all, defineGateway, rest } from 'portcullis/composition'

const Part = T.Object({ items: T.Array(T.Object({ id: T.Number(), name: T.String() })) })
const part = (c, name, id) => c.parts.get('/{name}/{id}', { path: { name, id } })

export const gateway = defineGateway({
  backends: { parts: rest({ url: 'http://parts' }) },
  routes: r => [
    r.get('/page/{id}', {
      out: T.Object({ user: Part, orders: Part }),
      run: ({ c, params: { id } }) => all({ user: part(c, 'users', id), orders: part(c, 'orders', id) }),
    }),
  ],
})
`

const preload = new URL('../support/young.ts', import.meta.url).href
const CLIENTS = 16
/** So much of what is made may get old: some of what is under way is met by two collections. With a Map it is a fifth. */
const MOST = 0.12

suite('what requests make dies young', () => {
  for (const [name, spec] of [
    ['an aggregate, which workers serve', aggregate],
    ['a bundle, which has a thread', '{ bundle: ./page.gateway.js }'],
  ] as const)
    test(name, async () => {
      await using up = await TestUpstream.start((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(
          JSON.stringify({ items: Array.from({ length: 20 }, (__, i) => ({ id: i, name: `item ${i}` })) }),
        )
      })
      const port = await freePort()
      using folder = new Folder({
        'gateway.yaml': composedYaml({
          port,
          paths: { '/': 'page' },
          specs: { page: spec },
          backends: { parts: up.port },
        }),
        'page.gateway.js': code,
      })
      const env = { NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${preload}` }
      await using run = await RunProcess.startWith(
        env,
        [folder.path],
        '--workers',
        '1',
        '--access-log',
        'off',
      )
      await run.started()
      await untilAnswered(`http://127.0.0.1:${port}/page/1`, answer =>
        Object.hasOwn(answer as object, 'user'),
      )

      let answered = 0
      let turnedAway = 0
      /** Until so many collections of young objects have come since. */
      const ask = async (count: number): Promise<readonly Collection[]> => {
        const collections: Collection[] = []
        let from = run.access.all.length
        const come = (): number => {
          const lines = run.access.all.slice(from).map(({ text }) => String(text))
          from += lines.length
          return collections.push(...collectionsOf(lines))
        }
        const asking = async () => {
          while (come() < count) {
            const { status } = await send(port, { path: '/page/7' })
            // What there is too much of on a machine that does much else.
            if (status === 503) turnedAway++
            else {
              assert.equal(status, 200)
              answered++
            }
          }
        }
        await Promise.all(Array.from({ length: CLIENTS }, asking))
        return collections
      }
      // What is compiled while it warms up is old for good.
      await ask(30)
      const all = await ask(60)
      const sumOf = (of: keyof Collection): number => all.reduce((sum, one) => sum + one[of], 0)
      const [made, old] = [sumOf('allocated'), sumOf('promoted')]
      assert.ok(turnedAway < answered, `${turnedAway} of ${answered} were turned away`)
      assert.ok(old < MOST * made, `${old} of ${made} bytes have got old`)
    })
})

interface Collection {
  readonly allocated: number
  readonly promoted: number
}

/** Scavenges; of all threads, since those that serve nobody collect next to nothing. */
function collectionsOf(lines: readonly string[]): readonly Collection[] {
  return lines
    .filter(line => line.includes(' gc=s '))
    .map(line => ({ allocated: numberOf(line, 'allocated'), promoted: numberOf(line, 'promoted') }))
}

function numberOf(line: string, name: string): number {
  return Number(new RegExp(` ${name}=(\\d+)`).exec(line)?.[1] ?? 0)
}
