/**
 * What counting a request for usage costs at its end: nanoseconds for each, for consumers that are known, as filters
 * leave them in the notes; and what a flush of all of them costs the worker. `node bench/micro/usage.ts [consumers]`.
 */
import { serialize } from 'node:v8'
import { Notes } from '../../src/filters/notes.ts'
import { askedApiNote, costNote, identityNote, subscribedNote } from '../../src/filters/identity.ts'
import { trialKit } from '../../src/filters/trial-kit.ts'
import { ruleTypes } from '../../src/cli/rule-types.ts'
import type { FilterConfig } from '../../src/snapshot/rule.ts'
import type { Drainable } from '../../src/upstream/keep.ts'
import { systemClock } from '../../src/upstream/clock.ts'
import { exchange, origin } from '../../test/support/exchange.ts'
import { MetricsWriter } from '../../src/telemetry/metrics.ts'

const consumers = Number(process.argv[2] ?? 1_000)
const ROUNDS = 2_000_000

let book: Drainable = { drain: () => {} }
let flushes = 0
let told = 0
const kit = {
  ...trialKit,
  clock: { ...systemClock, sharedUs: () => 0, wallMs: () => Date.now() },
  metrics: new MetricsWriter(undefined, () => {}),
  keep<T extends Drainable>(_: string, make: () => T): T {
    const made = make()
    book = made
    return made
  },
  // What posting it costs.
  tell: (_: string, message: unknown) => {
    flushes++
    told += serialize(message).length
  },
}
// Found by its name, as workers find it.
const config = { type: 'usage', api: 'default/petstore', version: 'v1', origin } as FilterConfig
const filter = ruleTypes.filters.find('usage').compile(config, kit)

// Strings that are as they come: of one row, and not the same object as the next one's.
const id = (of: string, i: number): string => `0197a2c4-5d6e-7f80-${of}-${String(i).padStart(12, '0')}`
const operations = ['listPets', 'getPet', 'createPet']
const exchanges = Array.from({ length: consumers }, (_, i) => {
  const notes = new Notes()
  notes.set(identityNote, {
    kind: 'api-key',
    principal: id('key0', i),
    credential: id('cred', i),
    application: id('appl', i),
    account: id('acco', i >> 2),
    scopes: [],
    claims: {},
  })
  notes.set(askedApiNote, { api: 'default/petstore', version: 'v1', operation: operations[i % 3]! })
  notes.set(subscribedNote, {
    product: 'default/pets',
    plan: i % 2 === 0 ? 'default/free' : 'default/gold',
    subscription: id('subs', i),
  })
  notes.set(costNote, 1)
  return exchange({}, [], 200, { notes, requestBytes: 0, responseBytes: 200 + i })
})

function round(count: number): number {
  const startedMs = performance.now()
  for (let i = 0; i < count; i++) {
    const x = exchanges[i % consumers]!
    filter.end!(x)
  }
  return ((performance.now() - startedMs) * 1e6) / count
}

// As if they had just begun: one latency for all.
for (const x of exchanges) Object.assign(x, { startedMs: Infinity })
round(200_000)
const heap = process.memoryUsage().heapUsed
const best = Math.min(...[0, 1, 2, 3, 4].map(() => round(ROUNDS / 5)))
console.log(`${best.toFixed(0)} ns for a request, ${consumers} consumers`)
console.log(`${((process.memoryUsage().heapUsed - heap) / ROUNDS).toFixed(2)} bytes of heap for each`)
told = flushes = 0
let spentMs = Infinity
for (let i = 0; i < 20; i++) {
  round(consumers)
  const startedMs = performance.now()
  book.drain()
  spentMs = Math.min(spentMs, performance.now() - startedMs)
}
console.log(`${spentMs.toFixed(2)} ms and ${(told / 1024 / flushes).toFixed(0)} KiB for a flush of all`)
