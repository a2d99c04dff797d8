import assert from 'node:assert/strict'
import { test } from 'node:test'
import { origin } from '../../test/support/exchange.ts'
import { snapshotOf } from '../../test/support/gateway.ts'
import { plain } from '../../test/support/policies.ts'
import { entry, listener, rule } from '../../test/support/routes.ts'
import { FilterTable } from '../filters/compile.ts'
import type { Listener, Port } from '../snapshot/snapshot.ts'
import { Instruments } from '../telemetry/instruments.ts'
import { MetricsWriter } from '../telemetry/metrics.ts'
import { ActionTable } from './action.ts'
import { compileClosed, compileStream } from './compile.ts'
import type { Around } from './compiled.ts'
import { HeldBodies } from './held-bodies.ts'
import { ListenerChain } from './listener-filters.ts'
import { Observer } from './observe.ts'
import { Overload } from './overload.ts'
import { PortCompiler } from './port-compiler.ts'
import { atOnce } from './steps.ts'

const instruments = new Instruments(new MetricsWriter(undefined, () => {}))
const around: Around = {
  types: { filters: new FilterTable([]), actions: new ActionTable([]) },
  clusters: { get: () => undefined },
  observer: new Observer({ instruments, accessLog: null }),
  overload: new Overload(),
  held: new HeldBodies(),
  uncompilable() {},
  mirrorLost() {},
}

/** Counts what is held. A stream of the name `bad` cannot be had, after all that comes before it. */
class Counted {
  readonly around = around
  readonly held = new Map<object, number>()

  readonly take = (one: Parameters<typeof compileClosed>[0]) => this.add(compileClosed(one, '', around))
  readonly closed = this.take
  readonly give = (one: object) => this.remove(one)
  readonly takeChain = () => this.add(new ListenerChain([], () => []))
  readonly giveChain = this.give
  readonly giveStream = this.give

  takeStream(one: Parameters<typeof compileStream>[0]) {
    if (one.id === 'bad') throw new Error('no')
    return this.add(compileStream(one, around))
  }

  private add<C extends object>(one: C): C {
    this.held.set(one, (this.held.get(one) ?? 0) + 1)
    return one
  }

  private remove(one: object): void {
    assert.equal(this.held.get(one), 1, 'given back once')
    this.held.delete(one)
  }
}

const [first] = snapshotOf(plain(1)).ports

/** A listener with a route, a stream and a filter. */
function whole(name: string, stream: string): Listener {
  return {
    ...listener(`${name}.example`, { '': [entry(`/${name}`)] }, name),
    filters: [{ type: 'test', origin }],
    streams: [{ hostname: '', rule: { ...rule(stream), backends: [] } }],
  }
}

const portOf = (...listeners: readonly Listener[]): Port => ({ ...first!, protocol: 'tls', listeners })

test('what was taken of a port that cannot be compiled is given back, and what was held is held', () => {
  const source = new Counted()
  const compiler = new PortCompiler(source)
  atOnce(compiler.steps(portOf(whole('a', 'good'), whole('gone', 'good')), {}))
  const before = new Map(source.held)
  // Two routes, two streams, two lists of filters, and the rule for what is misdirected.
  assert.equal(before.size, 7)
  for (let turn = 0; turn < 3; turn++) {
    const port = portOf(whole('a', 'good'), whole('b', 'good'), whole('c', 'bad'))
    assert.throws(() => atOnce(compiler.steps(port, {})), /no/)
    assert.deepEqual(new Set(source.held.keys()), new Set(before.keys()))
  }
  atOnce(compiler.steps(portOf(whole('a', 'better')), {}))
  assert.equal(source.held.size, 4)
  compiler.release()
  assert.equal(source.held.size, 0)
})
