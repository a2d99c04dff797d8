import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FakeClock } from '../../../test/support/clock.ts'
import { Seen } from '../../../test/support/until.ts'
import { allKinds } from '../../../test/support/kubernetes/cluster-source.ts'
import type { Condition, Resource } from '../../model/resource.ts'
import { refKey, refOf, Resources } from '../../model/resources.ts'
import { Logger } from '../../telemetry/log.ts'
import { ApiError } from '../client.ts'
import type { Known } from '../object-store.ts'
import { StatusWriter } from './status-writer.ts'

const CREATED = '2026-01-01T00:00:00Z'
const at = () => ({ file: 'kubernetes', line: 0, column: 0 })
const backend = (name: string, generation = 1, creationTimestamp = CREATED): Resource => ({
  apiVersion: 'portcullis.dev/v1alpha1',
  kind: 'Backend',
  metadata: { name, namespace: 'default', generation, creationTimestamp },
  body: { spec: { endpoints: [] } },
  at,
})
const condition = (about: Resource, message = 'm'): Condition => ({
  about: refOf(about),
  type: 'NotServed',
  status: 'True',
  reason: 'FieldNotServed',
  message,
})

/** A writer over a cluster that is a map, whose server answers as `answer` says. */
class Run {
  readonly clock = new FakeClock()
  readonly known = new Map<string, Known>()
  /** Keys of objects that were asked for. */
  readonly looks: string[] = []
  readonly patches = new Seen<string>()
  readonly bodies: unknown[] = []
  readonly warnings: string[] = []
  answer: (name: string) => ApiError | null = () => null
  readonly writer = new StatusWriter({
    client: {
      mergePatch: (path, body) => {
        const name = path.split('/').at(-2)!
        this.bodies.push(body)
        this.patches.push(name)
        const error = this.answer(name)
        return error === null ? Promise.resolve({}) : Promise.reject(error)
      },
    },
    features: [],
    source: {
      name: 'kubernetes',
      known: ref => {
        this.looks.push(refKey(ref))
        return this.known.get(refKey(ref))
      },
      versionOf: () => 'v1alpha1',
      kindOf: ({ kind }) => allKinds.all.find(one => one.kind === kind) ?? null,
    },
    log: new Logger({ level: 'warn', human: false, write: line => this.warnings.push(line) }),
    addresses: () => [],
    clock: this.clock,
  })
  private version = 0

  /** As the server has it now. */
  has(resource: Resource, status?: unknown): void {
    const ref = refOf(resource)
    const validation = { resource, identity: ref, problems: [] } as unknown as Known['validation']
    this.known.set(refKey(ref), { validation, resourceVersion: String(++this.version), uid: '', status })
  }

  apply(resources: readonly Resource[], message = 'm'): void {
    const conditions = resources.map(one => condition(one, message))
    this.writer.applied({ resources: Resources.of(resources), conditions, gateways: [] })
  }

  count(name: string): number {
    return this.patches.all.filter(one => one === name).length
  }

  /** Resolves when all that was to be written before has been: the last object is another one each time. */
  async settled(): Promise<void> {
    const other = backend(`other-${++this.version}`)
    this.has(other)
    const spoken = this.current
    this.apply([...spoken, other], this.message)
    await this.patches.first(name => name === other.metadata.name)
  }

  current: readonly Resource[] = []
  message = 'm'
}

suite('what cannot be written', () => {
  const items = backend('items')

  for (const code of [400, 422])
    test(`is left alone after ${code}, told once, until something changes`, async () => {
      const run = new Run()
      run.current = [items]
      run.answer = name => (name === 'items' ? new ApiError(code, 'no') : null)
      run.has(items)
      run.apply([items])
      run.writer.lead(true)
      await run.patches.first()
      for (let i = 0; i < 5; i++) {
        run.clock.advance(600_000)
        run.writer.touched(refOf(items))
        run.writer.all()
        await run.settled()
      }
      assert.equal(run.count('items'), 1)
      assert.equal(run.warnings.length, 1)
      run.has(items)
      run.writer.touched(refOf(items))
      await run.settled()
      assert.equal(run.count('items'), 2)
      run.message = 'another'
      await run.settled()
      assert.equal(run.count('items'), 3)
      assert.equal(run.warnings.length, 1)
    })

  test('is tried again later each time where the server fails, at most every 5 minutes', async () => {
    const run = new Run()
    run.current = [items]
    run.answer = name => (name === 'items' ? new ApiError(500, 'no') : null)
    run.has(items)
    run.apply([items])
    run.writer.lead(true)
    await run.patches.first()
    const waits: number[] = []
    for (let i = 2; i < 16; i++) {
      await run.settled()
      const [wait = 0] = run.clock.waits
      waits.push(wait)
      run.clock.advance(wait)
      await run.patches.first(() => run.count('items') === i)
    }
    for (const [i, wait] of waits.entries()) {
      const most = Math.min(300_000, 1000 * 2 ** i)
      assert.ok(wait >= most / 2 && wait <= most, `${i}: ${wait}`)
    }
    assert.equal(run.warnings.length, 1)
    await run.settled()
    // What is new is tried at once, and its back-off begins anew.
    run.message = 'another'
    await run.settled()
    assert.equal(run.count('items'), 16)
    await run.settled()
    assert.ok(run.clock.waits[0]! <= 1000, String(run.clock.waits))
  })

  test('is tried again every 5 minutes where the right is missing', async () => {
    const run = new Run()
    run.current = [items]
    run.answer = name => (name === 'items' ? new ApiError(403, 'no') : null)
    run.has(items)
    run.apply([items])
    run.writer.lead(true)
    await run.patches.first()
    for (const times of [2, 3]) {
      await run.settled()
      assert.deepEqual(run.clock.waits, [300_000])
      run.clock.advance(300_000)
      await run.patches.first(() => run.count('items') === times)
    }
    assert.equal(run.warnings.length, 1)
  })

  test('waits as long as the server asks', async () => {
    const run = new Run()
    run.current = [items]
    run.answer = name => (name === 'items' ? new ApiError(429, 'busy', 7_000) : null)
    run.has(items)
    run.apply([items])
    run.writer.lead(true)
    await run.patches.first()
    await run.settled()
    assert.deepEqual(run.clock.waits, [7_000])
  })
})

suite('what a writer remembers', () => {
  const items = backend('items')

  test('is nothing where another replica leads', () => {
    const run = new Run()
    run.has(items)
    run.apply([items])
    for (let i = 0; i < 100; i++) run.writer.touched(refOf(backend(`b${i}`)))
    assert.equal(run.writer.remembered, 0)
  })

  test('ends with what it was about: what came back, and what is gone', async () => {
    const run = new Run()
    const gone = backend('gone')
    run.current = [items, gone]
    run.has(items)
    run.has(gone)
    run.apply(run.current)
    run.writer.lead(true)
    await run.patches.first(() => run.patches.all.length === 2)
    assert.equal(run.writer.remembered, 2)
    for (const [i, { status }] of (run.bodies as { status: unknown }[]).entries())
      run.has(i === 0 ? items : gone, status)
    run.known.delete(refKey(refOf(gone)))
    run.writer.touched(refOf(items))
    run.writer.touched(refOf(gone))
    await run.settled()
    // The other one, which was written at last.
    assert.equal(run.writer.remembered, 1)
  })
})

suite('what was translated', () => {
  const items = backend('items')

  for (const [what, now] of [
    ['has another generation', backend('items', 2)],
    ['was deleted, and made anew by its name', backend('items', 1, '2026-02-02T00:00:00Z')],
  ] as const)
    test(`is not written where the object ${what}`, async () => {
      const run = new Run()
      run.current = [items]
      run.has(now)
      run.apply([items])
      run.writer.lead(true)
      await run.settled()
      assert.equal(run.count('items'), 0)
      run.current = [now]
      await run.settled()
      assert.equal(run.count('items'), 1)
    })
})

suite('what two sources have', () => {
  const items = backend('items')
  const ofFile: Resource = { ...items, at: () => ({ file: 'a.yaml', line: 3, column: 1 }) }
  const conflict = (source: string): Condition => ({
    ...condition(items),
    type: 'Conflicted',
    reason: 'InSeveralSources',
    source,
  })
  interface Body {
    readonly status: { readonly conditions: readonly Condition[] }
  }
  const typesIn = (body: unknown): string[] =>
    (body as Body).status.conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`)

  test('is conflicted in the cluster where a file comes first', async () => {
    const run = new Run()
    run.has(items)
    const conditions = [condition(items), conflict('kubernetes')]
    run.writer.applied({ resources: Resources.of([ofFile]), conditions, gateways: [] })
    run.writer.lead(true)
    await run.patches.first()
    assert.deepEqual(typesIn(run.bodies[0]), [
      'Accepted False InSeveralSources',
      'Conflicted True InSeveralSources',
    ])
  })

  test('is not where the cluster comes first', async () => {
    const run = new Run()
    run.has(items)
    const conditions = [condition(items), conflict('store')]
    run.writer.applied({ resources: Resources.of([items]), conditions, gateways: [] })
    run.writer.lead(true)
    await run.patches.first()
    assert.deepEqual(typesIn(run.bodies[0]), ['NotServed True FieldNotServed'])
  })

  test('is left alone where only others have it twice', async () => {
    const run = new Run()
    run.has(items)
    const other = backend('other')
    run.has(other)
    const conditions = [condition(other), conflict('store')]
    run.writer.applied({ resources: Resources.of([ofFile, other]), conditions, gateways: [] })
    run.writer.lead(true)
    await run.patches.first(name => name === 'other')
    assert.equal(run.count('items'), 0)
  })
})

suite('an Ingress that is broken', () => {
  const ingress = (name: string, ingressClassName: string): Resource => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default', generation: 1, creationTimestamp: CREATED },
    body: { spec: { ingressClassName, rules: 'none' } },
    at,
  })

  test('loses the addresses of its status where its class is ours, and not where it is not', async () => {
    const run = new Run()
    const all = [ingress('ours', 'portcullis'), ingress('theirs', 'nginx')]
    const problem = { severity: 'error', position: null, resource: null, path: [], message: 'no' } as const
    const refusals = all.map(one => {
      const ref = refOf(one)
      const validation = { resource: null, written: one, identity: ref, problems: [problem] }
      run.known.set(refKey(ref), {
        validation: validation as unknown as Known['validation'],
        resourceVersion: '1',
        uid: '',
        status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
      })
      return { ...problem, resource: ref }
    })
    const resources = Resources.of([], [], refusals)
    run.writer.applied({ resources, conditions: [], gateways: [] })
    run.writer.lead(true)
    await run.patches.first(name => name === 'ours')
    await run.settled()
    assert.deepEqual(run.bodies[0], {
      metadata: { resourceVersion: '1' },
      status: { loadBalancer: { ingress: [] } },
    })
    assert.equal(run.count('theirs'), 0)
  })
})

suite('of many objects', () => {
  test('a change has those looked at of which something else is said, those that are gone among them', async () => {
    const run = new Run()
    const all = Array.from({ length: 50 }, (_, i) => backend(`items-${i}`))
    const said = (changed: string, list: readonly Resource[]): readonly Condition[] =>
      list.map(one => condition(one, one.metadata.name === changed ? 'another' : 'm'))
    const apply = (changed: string, list: readonly Resource[]): void =>
      run.writer.applied({ resources: Resources.of(list), conditions: said(changed, list), gateways: [] })
    for (const one of all) run.has(one)
    run.writer.lead(true)
    apply('', all)
    await run.patches.count(all.length)
    run.looks.length = 0
    const left = all.slice(1)
    apply('items-7', left)
    await run.patches.count(all.length + 1)
    assert.deepEqual([...new Set(run.looks)], [refKey(refOf(all[7]!))])
    // Who begins to lead looks at everything.
    run.looks.length = 0
    run.writer.lead(false)
    apply('items-8', left)
    run.writer.lead(true)
    await run.patches.count(2 * all.length)
    assert.equal(new Set(run.looks).size, left.length)
  })
})
