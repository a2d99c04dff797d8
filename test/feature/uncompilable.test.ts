import assert from 'node:assert/strict'
import { mock, suite, test } from 'node:test'
import { requestHeaders } from '../../src/filters/header-modifier.ts'
import { parseResources } from '../support/declared.ts'
import { Resources } from '../../src/model/resources.ts'
import { translate } from '../support/translate.ts'
import { roles } from '../../src/cli/roles.ts'
import type { FilterConfig, Rule } from '../../src/snapshot/rule.ts'
import type { Listener, Snapshot } from '../../src/snapshot/snapshot.ts'
import { translateAll, type Role } from '../../src/translation/role.ts'
import { origin } from '../support/exchange.ts'
import { Logger } from '../../src/telemetry/log.ts'
import { send } from '../support/client.ts'
import { snapshotOf, startGateway, type TestGateway } from '../support/gateway.ts'
import { backend, gateway, httpRoute, prefix, regex, to, yamlOf } from '../support/resources.ts'
import { TestUpstream } from '../support/upstream.ts'

const modifier = (name: string): object => ({
  type: 'RequestHeaderModifier',
  requestHeaderModifier: { set: [{ name, value: 'x' }] },
})

/** A rule that is as it should be, one with a filter that does not compile, and one with a backend that has it. */
function yaml(port: number): string {
  return yamlOf(
    gateway(),
    httpRoute('r', {
      rules: [
        { matches: [prefix('/good')], filters: [modifier('X-Good')], backendRefs: [to('up')] },
        { matches: [prefix('/rule')], filters: [modifier('X-Bad')], backendRefs: [to('up')] },
        { matches: [prefix('/backend')], backendRefs: [to('up', { filters: [modifier('X-Bad')] })] },
        {
          matches: [
            { ...prefix('/header'), headers: [{ name: 'x', type: 'RegularExpression', value: 'h[0-9]' }] },
          ],
          backendRefs: [to('up')],
        },
        { matches: [regex('/path/[a-z]+')], backendRefs: [to('up')] },
        { matches: [prefix('/')], backendRefs: [to('up')] },
      ],
    }),
    backend('up', [port]),
  )
}

/** From here to the end of `run` a header modifier that sets X-Bad throws as it is compiled. */
async function broken(run: () => Promise<void>): Promise<void> {
  const { compile } = requestHeaders
  const planted = mock.method(requestHeaders, 'compile', (...[config, kit]: Parameters<typeof compile>) => {
    if (config.set.some(({ name }) => name === 'X-Bad')) throw new Error('planted')
    return compile(config, kit)
  })
  try {
    await run()
  } finally {
    planted.mock.restore()
  }
}

async function statuses(started: TestGateway, ...paths: readonly string[]): Promise<number[]> {
  const answers: number[] = []
  for (const path of paths) answers.push((await send(started.port(), { path, headers: { X: 'h1' } })).status)
  return answers
}

suite('a rule that cannot be compiled', () => {
  test('answers 500 and has a condition, and the others serve', () =>
    broken(async () => {
      await using upstream = await TestUpstream.start()
      await using started = await startGateway(yaml(upstream.port))
      assert.deepEqual(await statuses(started, '/good', '/rule', '/backend', '/other'), [200, 500, 500, 200])
      const line = await started.line(one => one['url.path'] === '/rule')
      assert.equal(line['portcullis.failure'], 'proxy_configuration_error')
      const { resources } = parseResources('test.yaml', yaml(upstream.port))
      const { conditions } = translate(Resources.of(resources))
      const [bad] = conditions.filter(({ type }) => type === 'PartiallyInvalid')
      assert.match(bad?.message ?? '', /spec\.rules\[1\]: cannot be compiled, .* 500: Error: planted/)
      assert.match(bad?.message ?? '', /spec\.rules\[2\]: cannot be compiled/)
      assert.equal(bad?.position?.line, 3)
    }))

  test('is all of its route: that is not accepted', () =>
    broken(async () => {
      const { resources } = parseResources(
        'test.yaml',
        yamlOf(
          gateway(),
          httpRoute('r', { rules: [{ filters: [modifier('X-Bad')], backendRefs: [to('up')] }] }),
          backend('up', [1]),
        ),
      )
      const { conditions } = translate(Resources.of(resources))
      const [accepted] = conditions.filter(
        ({ type, about }) => type === 'Accepted' && about.kind === 'HTTPRoute',
      )
      assert.deepEqual([accepted?.status, accepted?.reason], ['False', 'UnsupportedValue'])
      await Promise.resolve()
    }))
})

/** What translation has let through, and a worker cannot compile: another release's, or a fault of ours. */
suite('a snapshot with what a worker cannot compile', () => {
  async function applied(
    spoil: (text: string) => string,
    run: (started: TestGateway, events: readonly Record<string, unknown>[]) => Promise<void>,
  ): Promise<void> {
    await using upstream = await TestUpstream.start()
    const events: Record<string, unknown>[] = []
    const write = (line: string): void => void events.push(JSON.parse(line) as Record<string, unknown>)
    const { ports, ...rest } = snapshotOf(yaml(upstream.port), 2)
    const written = { ...rest, ports: ports.map(port => ({ ...port, address: '127.0.0.1', port: 0 })) }
    await using started = await startGateway(yaml(upstream.port), {
      log: new Logger({ write, human: false }),
    })
    await broken(async () => {
      const results = await started.engine.apply(JSON.parse(spoil(JSON.stringify(written))) as Snapshot)
      assert.ok(
        results.every(result => 'port' in result),
        JSON.stringify(results),
      )
      await run(started, events)
    })
  }

  test('a filter: its rule answers 500, with the reason in the log', () =>
    applied(
      text => text,
      async (started, events) => {
        assert.deepEqual(
          await statuses(started, '/good', '/rule', '/backend', '/other'),
          [200, 500, 500, 200],
        )
        const line = await started.line(one => one['url.path'] === '/rule')
        assert.deepEqual(
          [line['portcullis.failure'], line['portcullis.failure.reason'], line['http.route']],
          ['proxy_configuration_error', 'Error: planted', 'httproute/default/r/1'],
        )
        const told = events.filter(({ event }) => event === 'rule.uncompilable')
        assert.deepEqual(told.map(({ rule }) => String(rule)).sort(), [
          'httproute/default/r/1',
          'httproute/default/r/2',
        ])
      },
    ))

  test('a filter of an unknown type', () =>
    applied(
      text => text.replaceAll('"type":"request-headers"', '"type":"of-tomorrow"'),
      async started => assert.deepEqual(await statuses(started, '/good', '/rule', '/other'), [500, 500, 200]),
    ))

  test('an expression of a header: what its rule takes without it answers 500', () =>
    applied(
      text => text.replace('h[0-9]', 'h['),
      async started =>
        assert.deepEqual(await statuses(started, '/header', '/good', '/other'), [500, 200, 200]),
    ))

  test('an expression of a path: what begins like it answers 500', () =>
    applied(
      text => text.replace('/path/[a-z]+', '/path/['),
      async started =>
        assert.deepEqual(
          await statuses(started, '/path/x', '/path', '/good', '/other'),
          [500, 200, 200, 200],
        ),
    ))

  test('a port: it goes on with what it had, and says so', async () => {
    await using upstream = await TestUpstream.start()
    const snapshot = snapshotOf(yaml(upstream.port), 2)
    const ports = snapshot.ports.map(port => ({
      ...port,
      address: '127.0.0.1',
      port: 0,
      listeners: null as never,
    }))
    await using started = await startGateway(yaml(upstream.port))
    const [result] = await started.engine.apply({ ...snapshot, ports })
    assert.match(result !== undefined && 'error' in result ? result.error : '', /TypeError/)
    assert.deepEqual(await statuses(started, '/good'), [200])
  })
})

suite('a filter of any type that cannot be compiled', () => {
  for (const role of roles)
    for (const type of role.filters ?? [])
      for (const place of ['rule', 'backend', 'listener'] as const)
        test(`${role.name}: ${type.type} on a ${place} closes that, and has a condition where it is attached`, async () => {
          const planted = mock.method(type, 'compile', () => {
            throw new Error('planted')
          })
          try {
            const filter = { type: type.type, origin }
            await using upstream = await TestUpstream.start()
            await using started = await startGateway(yaml(upstream.port), { edit: withFilter(filter, place) })
            const others = place === 'listener' ? 500 : 200
            assert.deepEqual(await statuses(started, '/other', '/none'), [500, others])
            const line = await started.line(one => one['url.path'] === '/other')
            assert.equal(line['portcullis.failure'], 'proxy_configuration_error')
            const fake: Role = {
              ...role,
              translate: () => ({ attach: [{ at: 'all', filter }], conditions: [] }),
            }
            const { conditions } = translateAll([fake], Resources.of([]))
            assert.match(conditions[0]?.message ?? '', /cannot be compiled, .* 500: Error: planted/)
          } finally {
            planted.mock.restore()
          }
        })
})

/** On what takes /other; /none is taken by a rule beside it. */
function withFilter(filter: FilterConfig, place: 'rule' | 'backend' | 'listener') {
  const onRule = (rule: Rule): Rule => {
    const { action } = rule
    if (place === 'rule') return { ...rule, filters: [filter] }
    if (action.type !== 'forward') return rule
    const backends = action.backends.map(one => ({ ...one, filters: [filter] }))
    return { ...rule, action: { ...action, backends } }
  }
  const onListener = (listener: Listener): Listener =>
    place === 'listener'
      ? { ...listener, filters: [filter] }
      : {
          ...listener,
          hosts: listener.hosts.map(host => ({
            ...host,
            entries: host.entries.flatMap(entry => [
              { ...entry, match: { ...entry.match, path: { type: 'exact' as const, value: '/none' } } },
              { ...entry, rule: onRule(entry.rule) },
            ]),
          })),
        }
  return (snapshot: Snapshot): Snapshot => ({
    ...snapshot,
    ports: snapshot.ports.map(port => ({ ...port, listeners: port.listeners.map(onListener) })),
  })
}
