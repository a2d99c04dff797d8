import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  array,
  assert as holds,
  asyncProperty,
  boolean,
  integer,
  letrec,
  oneof,
  pre,
  record,
  constantFrom,
} from 'fast-check'
import { Type as T } from 'typebox'
import { all, any, defineGateway, http, race, soft } from '../composition.ts'
import type { HttpClient } from '../backends/http-client.ts'
import type { HttpStubs } from '../testing/stubs.ts'
import { testGateway } from '../testing.ts'

/** What a route may do with calls: a leaf is a call of a backend, `then` begins its second when the first has succeeded. */
type Tree =
  | { readonly kind: 'call'; readonly ms: number; readonly ok: boolean }
  | { readonly kind: 'all' | 'any' | 'race'; readonly of: readonly Tree[] }
  | { readonly kind: 'soft'; readonly of: readonly [Tree] }
  | { readonly kind: 'then'; readonly of: readonly [Tree, Tree] }

const trees = letrec<{ tree: Tree; call: Tree }>(tie => ({
  call: record({ kind: constantFrom('call' as const), ms: integer({ min: 0, max: 700 }), ok: boolean() }),
  tree: oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('call'),
    record({
      kind: constantFrom('all' as const, 'any' as const, 'race' as const),
      of: array(tie('tree'), { minLength: 1, maxLength: 4 }),
    }),
    record({ kind: constantFrom('soft' as const), of: array(tie('tree'), { minLength: 1, maxLength: 1 }) }),
    record({ kind: constantFrom('then' as const), of: array(tie('tree'), { minLength: 2, maxLength: 2 }) }),
  ) as never,
})).tree

/** Each call takes a fraction of its own more, so that no two things happen at once: sums of powers of two are unlike. */
function distinct(tree: Tree, next = { fraction: 0.5 }): Tree {
  if (tree.kind !== 'call') return { ...tree, of: tree.of.map(one => distinct(one, next)) } as Tree
  next.fraction /= 2
  return { ...tree, ms: tree.ms + next.fraction }
}

const callsOf = (tree: Tree): readonly (Tree & { kind: 'call' })[] =>
  tree.kind === 'call' ? [tree] : tree.of.flatMap(callsOf)

const CALLS_UNTIL_MS = 950.5

interface CallEnd {
  readonly call: string
  readonly startMs: number
  readonly endMs: number
  /** Of a `then`: when that has ended. From then on it ends with the request alone. */
  readonly freeFromMs?: number
}

interface End {
  readonly ok: boolean
  readonly ms: number
  /** Calls that end with it. */
  readonly own: readonly CallEnd[]
  /** Calls that somebody may await yet when it has ended: what a `then` came from. */
  readonly free: readonly CallEnd[]
}

const nameOf = ({ ms, ok }: Tree & { kind: 'call' }) => `GET /${ms}/${ok}`

/** What should become of it, where it is begun then. */
function expected(tree: Tree, startMs: number): End {
  if (tree.kind === 'call') {
    const endMs = startMs + tree.ms
    const isLate = endMs >= CALLS_UNTIL_MS
    const ms = isLate ? Math.max(startMs, CALLS_UNTIL_MS) : endMs
    return { ok: tree.ok && !isLate, ms, own: [{ call: nameOf(tree), startMs, endMs: ms }], free: [] }
  }
  if (tree.kind === 'then') {
    const first = expected(tree.of[0], startMs)
    const free = [...first.own, ...first.free]
    if (!first.ok) return { ...first, own: [], free }
    const { ok, ms, own, free: more } = expected(tree.of[1], first.ms)
    return { ok, ms, own: [...own, ...more].map(call => ({ ...call, freeFromMs: ms })), free }
  }
  const ends = tree.of.map(one => expected(one, startMs))
  const { ok, ms } = combinedEnd(tree.kind, ends)
  // It cancels nothing: what its failed call has left behind, as a call that a `then` came from, ends later.
  if (tree.kind === 'soft') return { ...ends[0]!, ok }
  return {
    ok,
    ms,
    own: cut(
      ends.flatMap(({ own }) => own),
      ms,
    ),
    free: ends.flatMap(({ free }) => free),
  }
}

function combinedEnd(kind: 'all' | 'any' | 'race' | 'soft', ends: readonly End[]): Pick<End, 'ok' | 'ms'> {
  const times = (of: readonly End[]) => of.map(({ ms }) => ms)
  const good = ends.filter(({ ok }) => ok)
  const bad = ends.filter(({ ok }) => !ok)
  if (kind === 'soft') return { ok: true, ms: ends[0]!.ms }
  if (kind === 'all')
    return bad.length > 0
      ? { ok: false, ms: Math.min(...times(bad)) }
      : { ok: true, ms: Math.max(...times(ends)) }
  if (kind === 'any')
    return good.length > 0
      ? { ok: true, ms: Math.min(...times(good)) }
      : { ok: false, ms: Math.max(...times(ends)) }
  const first = ends.reduce((a, b) => (b.ms < a.ms ? b : a))
  // At the end of all calls' time several are over at once: which of them a race hears of first is nobody's promise.
  pre(ends.every(({ ok, ms }) => ms !== first.ms || ok === first.ok))
  return first
}

const cut = (calls: readonly CallEnd[], ms: number): readonly CallEnd[] =>
  calls
    .filter(({ startMs }) => startMs === 0 || startMs < ms)
    .map(call => ((call.freeFromMs ?? Infinity) <= ms ? call : { ...call, endMs: Math.min(call.endMs, ms) }))

function begin(tree: Tree, c: { readonly a: HttpClient }): PromiseLike<unknown> {
  if (tree.kind === 'call') return c.a.get(nameOf(tree).slice('GET '.length))
  if (tree.kind === 'then') return begin(tree.of[0], c).then(() => begin(tree.of[1], c))
  if (tree.kind === 'soft') return soft(begin(tree.of[0], c), null)
  const calls = tree.of.map(one => begin(one, c))
  return tree.kind === 'all' ? all(calls) : tree.kind === 'any' ? any(calls) : race(calls)
}

function stub(t: { readonly a: HttpStubs }, call: Tree & { kind: 'call' }): void {
  const name = nameOf(call) as `GET /${string}`
  if (call.ok) t.a.stub(name, null, { afterMs: call.ms })
  else t.a.fail(name, { reset: true, afterMs: call.ms })
}

/** But for those that are refused since calls have no time left: whether one is begun in that instant does not matter. */
const lines = (calls: readonly CallEnd[]): readonly string[] =>
  calls
    .filter(({ startMs }) => startMs < CALLS_UNTIL_MS)
    .map(({ call, startMs, endMs }) => `${call} ${startMs} ${endMs}`)
    .sort()

suite('trees of calls', () => {
  test('end when and as they should, and nothing of them goes on', async () => {
    let tree: Tree = { kind: 'all', of: [] }
    const gateway = defineGateway({
      backends: { a: http({ url: 'http://a' }) },
      timeoutMs: 1000.5,
      routes: r => [
        r.get('/', {
          out: T.Null(),
          async run({ c }) {
            await begin(tree, c)
            return null
          },
        }),
      ],
    })
    await holds(
      asyncProperty(trees, async given => {
        tree = distinct(given)
        await using t = await testGateway(gateway)
        for (const call of callsOf(tree)) stub(t, call)
        const { status, trace } = await t.get('/')
        const end = expected(tree, 0)
        assert.equal(status === 200, end.ok, trace.text)
        assert.equal(t.clock.now(), end.ms, trace.text)
        // What was cancelled hears of it behind the answer.
        await new Promise(resolve => setImmediate(resolve))
        const got = trace.calls.map(({ call, startedMs, endedMs }) => ({
          call: call.slice('a '.length),
          startMs: startedMs,
          endMs: endedMs ?? Infinity,
        }))
        const calls = [...end.own, ...end.free].map(call => ({ ...call, freeFromMs: Infinity }))
        assert.deepEqual(lines(got), lines(cut(calls, end.ms)))
      }),
      { numRuns: 1_000 },
    )
  })
})
