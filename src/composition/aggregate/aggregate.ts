import { durationMs, quantityBytes } from '../../model/quantity.ts'
import { deadlineField, http, type Backend, type HttpContract } from '../backends/backend.ts'
import { defineGateway, type Gateway } from '../routes/gateway.ts'
import type { Route } from '../routes/route.ts'
import type { Aggregate } from '../../model/kinds/aggregate/aggregate.ts'
import type { BackendDeclaration } from '../../model/kinds/aggregate/backend.ts'
import { isObject } from '../schemas/picked.ts'
import { failureRules } from './failures.ts'
import { fieldName } from './fields.ts'
import { Faults, written, type Fault, type Place } from './faults.ts'
import { routeOf } from './route.ts'
import { shapeFaults } from './shape-faults.ts'

export type { Fault } from './faults.ts'

/** The gateway of a declaration, its backends by their names. */
export type AggregateGateway<Name extends string = string> = Gateway<{
  readonly [N in Name]: Backend<HttpContract>
}>

/**
 * The API that `spec.aggregate` of a Composition declares, as `defineGateway` would have made it: parsed JSON or YAML in,
 * what the engine and the test kit run out. Throws an AggregateFault.
 *
 * @example
 * const { spec } = parse(readFileSync('shop.yaml', 'utf8'))
 * const gateway = gatewayOfAggregate<'users' | 'shop'>(spec.aggregate)
 * await using t = await testGateway(gateway)
 */
export function gatewayOfAggregate<const Name extends string = string>(
  declared: unknown,
): AggregateGateway<Name> {
  const aggregate = withoutNulls(declared)
  const shape = shapeFaults(aggregate)
  if (shape.length > 0) throw new AggregateFault(shape)
  const { gateway, faults } = compiled(aggregate as Aggregate)
  if (gateway === null) throw new AggregateFault(faults)
  return gateway as unknown as AggregateGateway<Name>
}

/** All that is wrong with a declaration, a line each. */
export class AggregateFault extends TypeError {
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super(faults.map(({ path, message }) => `${written(path)}: ${message}`).join('\n'))
    this.faults = faults
  }
}

function compiled(aggregate: Aggregate): {
  readonly gateway: Gateway | null
  readonly faults: readonly Fault[]
} {
  const faults = new Faults()
  const { title, version, timeout, mergeTime, maxBodySize } = aggregate
  const backends = Object.entries(aggregate.backends).map(
    ([name, backend]) => [name, backendOf(name, backend, ['backends', name], faults)] as const,
  )
  const names = backends.map(([name]) => name)
  checkRules(aggregate.failures, names, ['failures'], faults)
  const routes = aggregate.routes.map((route, i): Route => {
    checkRules(route.failures, names, ['routes', i, 'failures'], faults)
    return routeOf(route, names, ['routes', i], faults)
  })
  if (faults.all.length > 0) return { gateway: null, faults: faults.all }
  const gateway = faults.hold(['routes'], () =>
    defineGateway({
      ...(title !== undefined && { title }),
      ...(version !== undefined && { version }),
      ...(timeout !== undefined && { timeoutMs: durationMs(timeout)! }),
      ...(mergeTime !== undefined && { mergeMs: durationMs(mergeTime)! }),
      ...(maxBodySize !== undefined && { limitBytes: quantityBytes(maxBodySize)! }),
      backends: Object.fromEntries(backends) as Gateway['backends'],
      failures: failureRules(aggregate.failures),
      routes: () => routes,
    }),
  )
  return { gateway, faults: faults.all }
}

function backendOf(name: string, backend: BackendDeclaration, place: Place, faults: Faults): Backend {
  const { url = `http://${name}`, timeout, retry, relay, headers = {}, deadlineHeader, maxBodySize } = backend
  if (!/^(?!__proto__$)[A-Za-z_][A-Za-z0-9_-]*$/.test(name))
    faults.add(place, `${JSON.stringify(name)} is no name, expected letters, digits, "_" and "-"`)
  for (const [field, value] of Object.entries(headers))
    faults.hold([...place, 'headers', field], () => fieldName(field, value))
  const deadline =
    deadlineHeader === undefined
      ? undefined
      : faults.hold([...place, 'deadlineHeader'], () => deadlineField(deadlineHeader))
  const made = faults.hold([...place, 'url'], () =>
    http({
      url,
      headers,
      ...(timeout !== undefined && { timeoutMs: durationMs(timeout)! }),
      ...(retry !== undefined && { retry }),
      ...(relay !== undefined && { relay }),
      ...(deadline != null && { deadlineHeader: deadline }),
      ...(maxBodySize !== undefined && { limitBytes: quantityBytes(maxBodySize)! }),
    }),
  )
  return made ?? (http({ url: 'http://none' }) as Backend)
}

function checkRules(
  rules: Aggregate['failures'],
  backends: readonly string[],
  place: Place,
  faults: Faults,
): void {
  for (const [i, { backend }] of (rules ?? []).entries())
    if (backend !== undefined && !backends.includes(backend))
      faults.add(
        [...place, i, 'backend'],
        `${JSON.stringify(backend)} is not there, expected one of "backends" (${backends.join(', ')})`,
      )
}

/** As in any resource a member that is null is one that is not there: what a test runs must be what a gateway does. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([name, member]) => [name, withoutNulls(member)]),
  )
}
