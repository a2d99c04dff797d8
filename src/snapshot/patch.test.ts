import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deserialize, serialize } from 'node:v8'
import fc from 'fast-check'
import { applyPatch, diff } from './patch.ts'
import type { Cluster } from './cluster.ts'
import type { Rule } from './rule.ts'
import type { Listener, Port, RouteEntry, Snapshot } from './snapshot.ts'

/** As a worker gets it. */
function sent<T>(value: T): T {
  return deserialize(serialize(value)) as T
}

const origin = {
  group: '',
  resource: 'HTTPRoute/default/r',
  role: 'ingress',
  path: '',
  file: '',
  line: 1,
  column: 1,
} as const

function rule(id: string, cluster: string): Rule {
  const backend = { weight: 1, cluster, filters: [] }
  const action = {
    type: 'forward',
    backends: [backend],
    mirrors: [],
    requestTimeoutMs: 0,
    backendTimeoutMs: 0,
    retry: null,
  } as const
  return { id, origin, filters: [], action }
}

function entry(value: string, of: Rule): RouteEntry {
  return { match: { path: { type: 'prefix', value }, method: '', headers: [], query: [] }, rule: of }
}

function port(number: number, listeners: readonly Listener[]): Port {
  // What is not looked into may be anything.
  return {
    key: `*:${number}`,
    address: '',
    port: number,
    protocol: 'http',
    client: {} as Port['client'],
    listeners,
  }
}

const cluster = (name: string, maxPending: number): Cluster =>
  ({ name, maxPending, silenceMs: Infinity }) as Cluster

/** What a snapshot is drawn from: the same words come again and again, so that much stays and moves. */
const words = fc.constantFrom('a', 'b', 'c', 'd')
const drawing = fc.record({
  ports: fc.uniqueArray(fc.constantFrom(80, 81), { minLength: 0 }),
  /** Listener, host, then the prefix and the rule (by the number of those below) of each entry. */
  listeners: fc.uniqueArray(
    fc.record({
      name: words,
      hosts: fc.uniqueArray(
        fc.record({ hostname: words, entries: fc.array(fc.tuple(words, fc.nat(5)), { maxLength: 8 }) }),
        { selector: one => one.hostname },
      ),
    }),
    { selector: one => one.name },
  ),
  rules: fc.array(fc.tuple(words, words), { minLength: 6, maxLength: 6 }),
  clusters: fc.uniqueArray(fc.tuple(words, fc.nat(1)), { selector: one => one[0] }),
  endpoints: fc.dictionary(
    words,
    fc.array(fc.record({ address: words, port: fc.nat(2), weight: fc.nat(2) })),
  ),
  certificates: fc.option(fc.dictionary(words, fc.record({ chain: words })), { nil: undefined }),
  within: fc.option(fc.dictionary(words, words), { nil: undefined }),
})

type Drawing = typeof drawing extends fc.Arbitrary<infer D> ? D : never

function snapshotOf(version: number, drawn: Drawing): Snapshot {
  // As in every snapshot, a rule is one object wherever it is used.
  const made = new Map(drawn.rules.map(([id, to]) => [id + to, rule(id, to)]))
  const rules = drawn.rules.map(([id, to]) => made.get(id + to)!)
  const listeners = drawn.listeners.map(({ name, hosts }) => ({
    name,
    origin,
    hostname: '',
    hosts: hosts.map(({ hostname, entries }) => ({
      hostname,
      entries: entries.map(([path, n]) => entry(path, rules[n]!)),
    })),
  }))
  return {
    version,
    ports: drawn.ports.map(number => port(number, listeners)),
    clusters: drawn.clusters.map(([name, pending]) => cluster(name, pending)),
    // Without the prototypes that fast-check leaves out.
    endpoints: sent(drawn.endpoints),
    ...(drawn.within && {
      within: Object.fromEntries(Object.entries(drawn.within).map(([name, to]) => [name, rule(name, to)])),
    }),
    ...(drawn.certificates && { certificates: sent(drawn.certificates) as Snapshot['certificates'] & {} }),
  }
}

/** Has `after` take what says the same from `before`, as translation does for what did not change. */
function sharing(before: Snapshot, after: Snapshot): Snapshot {
  const entries = new Map(entriesOf(before).map(one => [JSON.stringify(one), one]))
  const listeners = new Map<Listener, Listener>()
  const shared = (listener: Listener): Listener => {
    const known = listeners.get(listener)
    if (known !== undefined) return known
    const hosts = listener.hosts.map(({ hostname, entries: list }) => ({
      hostname,
      entries: list.map(one => entries.get(JSON.stringify(one)) ?? one),
    }))
    const made = { ...listener, hosts }
    listeners.set(listener, made)
    return made
  }
  return { ...after, ports: after.ports.map(one => ({ ...one, listeners: one.listeners.map(shared) })) }
}

function entriesOf({ ports }: Snapshot): RouteEntry[] {
  return ports.flatMap(({ listeners }) =>
    listeners.flatMap(({ hosts }) => hosts.flatMap(({ entries }) => entries)),
  )
}

for (const [name, shares] of [
  ['of objects that are kept', true],
  ['of objects that are all new', false],
] as const)
  test(`a patch makes the snapshot after of the one before, ${name}`, () => {
    fc.assert(
      fc.property(drawing, drawing, (a, b) => {
        const before = snapshotOf(1, a)
        const drawn = snapshotOf(2, b)
        const after = shares ? sharing(before, drawn) : drawn
        const there = sent(before)
        const patched = applyPatch(there, sent(diff(before, after)))
        assert.deepEqual(patched, after)
        // What says the same in the same place is the same object.
        const rules = new Set(entriesOf(there).map(one => one.rule))
        const says = new Set([...rules].map(one => JSON.stringify(one)))
        for (const one of entriesOf(patched))
          assert.equal(rules.has(one.rule), says.has(JSON.stringify(one.rule)), one.rule.id)
      }),
      { numRuns: 400 },
    )
  })

test('a patch of nothing says nothing, whether or not the objects are the same', () => {
  fc.assert(
    fc.property(drawing, a => {
      assert.deepEqual(diff(snapshotOf(1, a), snapshotOf(2, a)), { base: 1, version: 2 })
    }),
  )
})

const many = (count: number): RouteEntry[] =>
  Array.from({ length: count }, (_, i) => entry(`/p${i}`, rule(`r${i}`, 'c')))

const whole = (version: number, entries: readonly RouteEntry[]): Snapshot => ({
  version,
  ports: [port(80, [{ name: 'l', origin, hostname: '', hosts: [{ hostname: '', entries }] }])],
  clusters: [],
  endpoints: {},
})

test('one route of 10,000 is a small patch, and what did not change stays the same object', () => {
  const entries = many(10_000)
  const before = whole(1, entries)
  // It goes from its place, and comes back in another one.
  const changed = [
    ...entries.slice(0, 500),
    ...entries.slice(501, 7000),
    entry('/new', rule('r500', 'd')),
    ...entries.slice(7000),
  ]
  const bytes = serialize(diff(before, whole(2, changed)))
  assert.ok(bytes.length < 1000, `${bytes.length} bytes`)
  const there = sent(before)
  const patched = applyPatch(there, deserialize(bytes) as ReturnType<typeof diff>)
  const [old, now] = [entriesOf(there), entriesOf(patched)]
  assert.deepEqual(now, changed)
  assert.equal(now.filter(one => old.includes(one)).length, 9_999)
})

test('routes that were made anew and say the same are no change', () => {
  const patch = diff(whole(1, many(100)), whole(2, many(100)))
  assert.deepEqual(patch, { base: 1, version: 2 })
})

test('a rule that is in force on one more listener is not sent again', () => {
  const entries = many(3)
  const before = whole(1, entries)
  const hosts = [{ hostname: '', entries }]
  const after = {
    ...before,
    version: 2,
    ports: [port(80, [...before.ports[0]!.listeners, { name: 'm', origin, hostname: 'a', hosts }])],
  }
  const there = sent(before)
  const patched = applyPatch(there, sent(diff(before, after)))
  assert.deepEqual(patched, after)
  const rules = new Set(entriesOf(patched).map(one => one.rule))
  assert.deepEqual(rules, new Set(entriesOf(there).map(one => one.rule)))
})

test('a patch for another version is refused', () => {
  const [one, two] = [whole(1, many(1)), whole(2, many(2))]
  assert.throws(() => applyPatch({ ...one, version: 3 }, diff(one, two)), /version 1 meets version 3/)
})
