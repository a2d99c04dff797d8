import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { requestHead } from '../../../test/support/head.ts'
import { entry, listener } from '../../../test/support/routes.ts'
import type { Rule } from '../../snapshot/rule.ts'
import type { Listener, RouteEntry } from '../../snapshot/snapshot.ts'
import { atOnce } from '../steps.ts'
import { explainRoute } from './explain.ts'
import type { RuleSource } from './host-table.ts'
import { routerSteps, type Router } from './router.ts'

/** Counts who holds what. */
class Counted implements RuleSource<Rule> {
  readonly held = new Map<Rule, number>()
  taken = 0

  take(rule: Rule): Rule {
    this.taken++
    this.held.set(rule, (this.held.get(rule) ?? 0) + 1)
    return rule
  }

  closed(rule: Rule): Rule {
    return this.take(rule)
  }

  give(rule: Rule): void {
    const left = this.held.get(rule)! - 1
    assert.ok(left >= 0, `${rule.id} is given more often than it was taken`)
    if (left === 0) this.held.delete(rule)
    else this.held.set(rule, left)
  }
}

const segment = fc.constantFrom('a', 'b', 'c')
const path = fc
  .tuple(fc.constantFrom('=', '', '', '~'), fc.array(segment, { maxLength: 3 }))
  .map(([type, parts]) => `${type}/${parts.join('/')}`)
const fresh = fc.record({ path, method: fc.constantFrom('', '', 'GET') })
interface Edit {
  readonly does: 'add' | 'remove' | 'move'
  /** A place among the entries, from 0 to 1. */
  readonly at: number
  readonly fresh: { readonly path: string; readonly method: string }
}

const edit: fc.Arbitrary<Edit> = fc.record({
  does: fc.constantFrom('add', 'add', 'add', 'remove', 'remove', 'move'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  fresh,
})
const change = fc.record({
  host: fc.constantFrom('', 'a.example', '*.example'),
  edits: fc.array(edit, { minLength: 1, maxLength: 5 }),
  /** Whether the host goes and comes with all that it has. */
  whole: fc.boolean(),
})
const request = fc.record({
  authority: fc.constantFrom('a.example', 'b.example', 'c'),
  path: fc.array(segment, { maxLength: 4 }).map(parts => `/${parts.join('/')}`),
  method: fc.constantFrom('GET', 'PUT'),
})

let rules = 0
const made = (one: Parameters<typeof entry>[0]): RouteEntry => entry(one, `rule ${rules++}`)

function edited(entries: readonly RouteEntry[], edits: readonly Edit[]): RouteEntry[] {
  const list = [...entries]
  for (const { does, at, fresh: one } of edits) {
    const i = Math.floor(at * list.length)
    if (does === 'add') list.splice(i, 0, made(one))
    else if (list.length > 0) {
      const [moved] = list.splice(Math.min(i, list.length - 1), 1)
      if (does === 'move') list.splice(Math.floor(list.length / 2), 0, moved!)
    }
  }
  return list
}

test('a router made of the one before finds what one made anew does, and holds no rule too many', () => {
  fc.assert(
    fc.property(
      fc.array(fresh, { minLength: 30, maxLength: 60, size: 'max' }),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      fc.array(request, { minLength: 10, maxLength: 20 }),
      (first, changes, requests) => {
        const source = new Counted()
        let hosts: Readonly<Record<string, readonly RouteEntry[]>> = {
          '': first.map(made),
          'a.example': first.slice(0, 3).map(made),
        }
        let before: Router<Rule> | null = null
        let kept: Listener | null = null
        for (const { host, edits, whole } of [{ host: '', edits: [], whole: false }, ...changes]) {
          const { [host]: old = [], ...others } = hosts
          hosts = whole && old.length > 0 ? others : { ...others, [host]: edited(old, edits) }
          const next = listener('', hosts)
          // Hosts that did not change are the same objects, as they are behind a patch.
          const same = next.hosts.map(
            one =>
              kept?.hosts.find(
                ({ hostname, entries }) => hostname === one.hostname && entries === one.entries,
              ) ?? one,
          )
          kept = { ...next, hosts: same }
          before = atOnce(routerSteps([kept], source, before))
          for (const one of requests) {
            const head = requestHead(one)
            assert.equal(before.route(head)?.entry, explainRoute([kept], head).hit?.entry)
          }
          const wanted: Map<Rule, RouteEntry[]> = Map.groupBy(
            kept.hosts.flatMap(({ entries }) => entries),
            ({ rule }) => rule,
          )
          assert.deepEqual(
            source.held,
            new Map([...source.held.keys()].map(rule => [rule, wanted.get(rule)?.length])),
          )
          assert.equal(source.held.size, wanted.size)
        }
        before!.release(source)
        assert.equal(source.held.size, 0)
      },
    ),
    { numRuns: 300 },
  )
})

test('of 10,000 entries only what is new is compiled', () => {
  const source = new Counted()
  const entries = Array.from({ length: 10_000 }, (_, i) => made(`/p${i}`))
  const router = atOnce(routerSteps([listener('', { '': entries })], source, null))
  const next = [...entries.slice(0, 400), made('/new'), ...entries.slice(401)]
  const { taken } = source
  const changed = atOnce(routerSteps([listener('', { '': next })], source, router))
  assert.equal(source.taken - taken, 1)
  for (const [asked, expected] of [
    ['/new/x', next[400]],
    ['/p400', undefined],
    ['/p9999', next[9999]],
  ] as const)
    assert.equal(changed.route(requestHead({ path: asked }))?.entry, expected, asked)
})

test('what was taken is given back where a rule cannot be had, and the router before holds what it held', () => {
  const source = new Counted()
  const entries = Array.from({ length: 20 }, (_, i) => made(`/p${i}`))
  const router = atOnce(routerSteps([listener('', { '': entries })], source, null))
  const before = new Map(source.held)
  const bad = made('/bad')
  const broken: RuleSource<Rule> = {
    take(rule) {
      if (rule === bad.rule) throw new Error('no')
      return source.take(rule)
    },
    closed: rule => source.closed(rule),
    give: rule => source.give(rule),
  }
  const next = listener('', { '': [made('/first'), ...entries.slice(1, 10), bad], b: [made('/')] })
  assert.throws(() => atOnce(routerSteps([next], broken, router)), /no/)
  assert.deepEqual(source.held, before)
})

test('an entry at the same place again and again is always between its neighbours', () => {
  const source = new Counted()
  let entries = Array.from({ length: 100 }, (_, i) => made(`/p${i}`))
  let router: Router<Rule> | null = null
  for (let turn = 0; turn < 150; turn++) {
    entries = [...entries.slice(0, 50), made({ path: '/x', method: 'GET' }), ...entries.slice(50)]
    router = atOnce(routerSteps([listener('', { '': entries })], source, router))
    // The newest comes first of all that take the same.
    assert.equal(router.route(requestHead({ path: '/x' }))?.entry, entries[50])
  }
})
