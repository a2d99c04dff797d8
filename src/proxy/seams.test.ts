import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { send } from '../../test/support/client.ts'
import { startPlugged } from '../../test/support/plugged.ts'
import { simpleYaml, TestUpstream } from '../../test/support/upstream.ts'
import { Fields } from '../http/fields.ts'
import type { ResponseHead } from '../http/head.ts'
import type { Forward, Handle } from '../snapshot/rule.ts'
import type { ActionType } from './action.ts'
import { LocalRun, type RunHost } from './run.ts'

// What is to come by a file and a line: an answer from a cache, and one that is laid together of several.

interface Stored {
  readonly head: ResponseHead
  readonly body: Buffer
}

interface Cached extends Handle {
  readonly inner: Forward
}

/** Answers what it has, in two pieces. */
class CachedRun extends LocalRun {
  private readonly stored: Stored

  constructor(x: RunHost, stored: Stored) {
    super(x)
    this.stored = stored
  }

  start(): void {
    const { head, body } = this.stored
    this.x.sendHead({ ...head, fields: new Fields([...head.fields.list, 'X-Cache', 'hit']) })
    const half = body.length >> 1
    this.x.sendData(body, 0, half, true)
    this.x.sendData(body, half, body.length, true)
    this.x.sendEnd(null)
  }
}

/** The exchange as the run behind sees it, with its answer written down. */
function recording(x: RunHost, store: (stored: Stored) => void): RunHost {
  let head: ResponseHead | null = null
  const pieces: Buffer[] = []
  const own: Pick<RunHost, 'sendHead' | 'sendData' | 'sendEnd'> = {
    sendHead(answer) {
      head = { ...answer, fields: new Fields([...answer.fields.list]) }
      x.sendHead(answer)
    },
    sendData(chunk, start, end, lent) {
      pieces.push(Buffer.from(chunk.subarray(start, end)))
      x.sendData(chunk, start, end, lent)
    },
    sendEnd(trailers) {
      store({ head: head!, body: Buffer.concat(pieces) })
      x.sendEnd(trailers)
    },
  }
  return new Proxy(x, {
    get(of, name) {
      if (Object.hasOwn(own, name)) return own[name as keyof typeof own]
      const value: unknown = Reflect.get(of, name, of)
      return typeof value === 'function' ? (value.bind(of) as unknown) : value
    },
    set: (of, name, value) => Reflect.set(of, name, value, of),
  })
}

const cached: ActionType<Cached> = {
  handler: 'cached',
  role: 'ingress',
  describe: () => 'cached',
  compile({ inner }, kit, compileInner) {
    const forward = compileInner(inner)
    const all = kit.keep('cached', () => ({ stored: new Map<string, Stored>(), drain() {} })).stored
    return {
      begin(x) {
        const key = x.request.path
        const stored = all.get(key)
        return stored === undefined
          ? forward.begin(recording(x, one => all.set(key, one)))
          : new CachedRun(x, stored)
      },
    }
  },
}

interface Aggregate extends Handle {
  readonly cluster: string
  readonly paths: readonly string[]
}

const aggregate: ActionType<Aggregate> = {
  handler: 'aggregate',
  role: 'composition',
  describe: () => 'aggregate',
  compile({ cluster, paths }, kit) {
    const ask = async (target: string): Promise<string> => {
      const request = { method: 'GET', target, authority: 'up', fields: [] }
      const options = { signal: null, deadlineMs: Infinity, limitBytes: 1_000 }
      return (await kit.call(cluster, request, options)).body.toString()
    }
    class AggregateRun extends LocalRun {
      start(): void {
        void Promise.all(paths.map(ask)).then(
          parts => this.x.respond({ status: 200, fields: [], body: parts.join(' and ') }),
          (error: unknown) => this.x.fail('proxy_internal_error', String(error)),
        )
      }
    }
    return { begin: x => new AggregateRun(x) }
  },
}

suite('actions that come by the table', () => {
  test('a cache before a backend: the second answer is the first, whatever filters have made of that', async () => {
    let asked = 0
    await using upstream = await TestUpstream.start((_request, response) => {
      asked++
      response.setHeader('X-Asked', asked)
      response.end('x'.repeat(200_000))
    })
    await using gateway = await startPlugged(simpleYaml(upstream.port), {
      actions: [cached],
      action: inner => ({ type: 'handle', handler: 'cached', inner }),
      filters: [{ compile: () => ({ response: ({ response }) => response.fields.add('X-Filter', 'yes') }) }],
    })
    const answers = [await send(gateway.port()), await send(gateway.port()), await send(gateway.port())]
    assert.equal(asked, 1)
    assert.deepEqual(
      answers.map(({ headers }) => [headers['x-asked'], headers['x-filter'], headers['x-cache']]),
      [
        ['1', 'yes', undefined],
        ['1', 'yes', 'hit'],
        ['1', 'yes', 'hit'],
      ],
    )
    for (const { body } of answers) assert.equal(body.length, 200_000)
    const lines = [await gateway.line(line => line['portcullis.cluster'] === undefined)]
    assert.equal(lines[0]?.['http.response.body.size'], 200_000)
  })

  test('several calls laid together', async () => {
    await using upstream = await TestUpstream.start((request, response) =>
      response.end(`got ${request.url ?? ''}`),
    )
    await using gateway = await startPlugged(simpleYaml(upstream.port), {
      actions: [aggregate],
      action: ({ ...before }) => ({
        type: 'handle',
        handler: 'aggregate',
        cluster: before.type === 'forward' ? before.backends[0]!.cluster : '',
        paths: ['/a', '/b?c=d'],
      }),
    })
    const { status, body } = await send(gateway.port())
    assert.deepEqual([status, body], [200, 'got /a and got /b?c=d'])
    assert.match(gateway.metrics(), /portcullis_upstream_requests_total\{[^}]*code_class="2xx"\} 2/)
  })

  for (const where of ['begin', 'choose', 'start'] as const)
    for (const filters of [[], [{ compile: () => ({ request: () => Promise.resolve(undefined) }) }]])
      test(`one that throws in ${where} ends its request, and nothing else, ${filters.length} filters`, async () => {
        const throwing: ActionType = {
          handler: 'throwing',
          role: 'ingress',
          describe: () => 'throwing',
          compile: () => ({
            begin(x) {
              const planted = (at: string): void => {
                if (at === where) throw new Error('planted')
              }
              planted('begin')
              return new (class extends LocalRun {
                override choose = (): void => planted('choose')
                start = (): void => planted('start')
              })(x)
            },
          }),
        }
        await using upstream = await TestUpstream.start()
        await using gateway = await startPlugged(simpleYaml(upstream.port), {
          actions: [throwing],
          filters,
          action: () => ({ type: 'handle', handler: 'throwing' }),
        })
        for (let i = 0; i < 2; i++) assert.equal((await send(gateway.port())).status, 500)
        const line = await gateway.line(() => true)
        assert.equal(line['portcullis.failure'], 'proxy_internal_error')
      })

  test('one that is not in the table closes its rule', async () => {
    await using upstream = await TestUpstream.start()
    await using gateway = await startPlugged(simpleYaml(upstream.port), {
      action: () => ({ type: 'handle', handler: 'of tomorrow' }),
    })
    assert.equal((await send(gateway.port())).status, 500)
    const line = await gateway.line(() => true)
    assert.equal(line['portcullis.failure'], 'proxy_configuration_error')
  })
})
