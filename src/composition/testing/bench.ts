import { systemClock, type Clock } from '../../upstream/clock.ts'
import type { Backend } from '../backends/backend.ts'
import { Engine } from '../engine/engine.ts'
import type { GatewayRequest } from '../engine/messages.ts'
import type { Gateway } from '../routes/gateway.ts'
import { grpcStubsFor } from './grpc-stubs.ts'
import { StubTransport } from './stub-transport.ts'
import { socketStubsFor } from './stub-sockets.ts'
import { stubsFor, type Check } from './stubs.ts'
import type { TestRequest } from './test-request.ts'
import { Trace } from './trace.ts'
import { VirtualClock } from './virtual-clock.ts'

export interface TestOptions<Name extends string = string> {
  /** `virtual` where it is left out: what takes seconds takes none. `real` for routes that await what is no call. */
  readonly clock?: 'virtual' | 'real'
  /** OpenAPI documents of backends: answers of their stubs are held to them as they are given. */
  readonly contracts?: { readonly [N in Name]?: object }
}

/** Of one request. */
export interface Course {
  readonly trace: Trace
  readonly mistakes: unknown[]
}

/** What runs a gateway, or a filter, in a test. */
export class Bench {
  readonly clock: Clock
  readonly transport: StubTransport
  readonly gateway: Gateway
  /** Of the request that was begun last. */
  trace = new Trace()
  protected readonly engine: Engine
  private readonly virtual: VirtualClock | null
  private readonly courses = new WeakMap<GatewayRequest, Course>()

  /** `config` is that of a filter. */
  constructor(gateway: Gateway, { clock = 'virtual' }: TestOptions, config?: unknown) {
    this.gateway = gateway
    this.virtual = clock === 'virtual' ? new VirtualClock() : null
    this.clock = this.virtual ?? systemClock
    this.transport = new StubTransport(this.clock)
    this.engine = new Engine(gateway, {
      transport: this.transport,
      clock: this.clock,
      config,
      // Half of all chances: a test must not depend on one.
      random: () => 0.5,
      observer: {
        called: (record, request) => this.traceOf(request).began(record),
        ended: (record, request) => this.traceOf(request).ended(record),
        mistaken: (error, request) => this.courses.get(request)?.mistakes.push(error),
      },
    })
  }

  protected begin(request: GatewayRequest): Course {
    const course = { trace: (this.trace = new Trace()), mistakes: [] }
    this.courses.set(request, course)
    return course
  }

  /** By the virtual clock, where there is one. Fails where a stub was missing, or broke its contract. */
  protected async during<T>(work: Promise<T>): Promise<T> {
    const result = await (this.virtual?.during(work) ?? work)
    if (this.transport.missing.size > 0) throw new Error(this.transport.missingText)
    const [broken] = this.transport.broken
    if (broken !== undefined) throw broken
    return result
  }

  /** Of what is for many, it is that of whoever came last. */
  private traceOf(request: GatewayRequest): Trace {
    return this.courses.get(request)?.trace ?? this.trace
  }
}

/** Gives a test the stubs of its backends. Throws where one of them is called like something that the kit has itself. */
export async function addStubs(
  bench: Bench,
  contracts: Readonly<Record<string, object | undefined>> = {},
  kit: object = bench,
): Promise<void> {
  const { backends } = bench.gateway
  for (const name of Object.keys(backends)) {
    if (name in kit || name === 'then')
      throw new TypeError(`a backend cannot be called "${name}" in a test: the kit has that itself`)
    const stubs = await stubsOf(name, backends[name]!, bench.transport, contracts[name])
    Object.defineProperty(kit, name, { value: stubs, enumerable: true })
  }
}

/** Throws where what was expected of a request was never looked at, since nobody awaited it. */
export function lookedAt(requests: readonly TestRequest[]): void {
  const unseen = requests.filter(request => request.unseen).length
  if (unseen > 0) throw new Error(`${unseen} requests of the test were not awaited: nothing was looked at`)
}

async function stubsOf(
  name: string,
  backend: Backend,
  transport: StubTransport,
  contract: object | undefined,
): Promise<unknown> {
  if (backend.grpc !== undefined) return grpcStubsFor(name, backend.grpc.service, transport)
  if (backend.socket !== undefined) return socketStubsFor(name, backend, transport)
  return stubsFor(name, transport, await checkOf(contract))
}

/** Loaded by tests that ask for it: a validator takes longer to load than all else. */
async function checkOf(document: object | undefined): Promise<Check | null> {
  if (document === undefined) return null
  const { ContractCheck } = await import('./contract-check.ts')
  const contract = new ContractCheck(document)
  return (call, given) => contract.check(call, given)
}
