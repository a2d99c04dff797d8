import { Call, outcomeOf } from './call.ts'
import { CallFailure, isCancelled } from './failure.ts'
import { Scope } from './scope.ts'

type Parts = Readonly<Record<string, unknown>> | readonly unknown[]
type Results<P extends Parts> = { -readonly [K in keyof P]: Awaited<P[K]> }

/**
 * All of them, by the names of the members (or the places of an array). Where one fails, the others are cancelled, and
 * that failure is thrown. What may fail is put in `soft`.
 *
 * @example
 * const x = await all({ user, orders: soft(orders, []) })
 * return { name: x.user.name, orders: x.orders }
 */
export function all<const P extends Parts>(parts: P): Call<Results<P>> {
  const values = Object.values(parts)
  if (!Array.isArray(parts))
    for (const [name, part] of Object.entries(parts)) if (isUnnamed(part)) part.name = name
  return combined('all', values, () => settleAll(parts, values))
}

async function settleAll<P extends Parts>(parts: P, values: readonly unknown[]): Promise<Results<P>> {
  try {
    const results = await Promise.all(values.map(outcomeOf))
    if (Array.isArray(parts)) return results as Results<P>
    return Object.fromEntries(Object.keys(parts).map((name, i) => [name, results[i]])) as Results<P>
  } catch (error) {
    cancelAll(values, 'another one failed')
    throw error
  }
}

/**
 * The first that succeeds; the others are cancelled. Where all fail it fails as the first of the list did, and the
 * failure's `others` has what became of the others.
 */
export function any<T>(calls: readonly PromiseLike<T>[]): Call<T> {
  return combined('any', calls, async () => {
    try {
      return await Promise.any(calls.map(outcomeOf))
    } catch (error) {
      throw error instanceof AggregateError ? firstOf(error.errors) : error
    } finally {
      cancelAll(calls, 'another one was sooner')
    }
  })
}

function firstOf([first, ...others]: readonly unknown[]): unknown {
  if (first instanceof CallFailure) first.others = others
  return first ?? new RangeError('any() of nothing')
}

/** The first that settles, well or not; the others are cancelled. */
export function race<T>(calls: readonly PromiseLike<T>[]): Call<T> {
  if (calls.length === 0) throw new RangeError('race() of nothing would never end')
  return combined('race', calls, async () => {
    try {
      return await Promise.race(calls.map(outcomeOf))
    } finally {
      cancelAll(calls, 'another one was sooner')
    }
  })
}

/**
 * A call that may fail: then it yields `fallback`, and the answer says that it is partial, as its route declares.
 * Whatever fails counts, a mistake in a callback of `then` too (which is reported as one); only not that the request is over.
 *
 * @example
 * const book = await soft(c.shop.get('/books/{id}', { path: { id } }), null)
 */
export function soft<T, F>(
  call: PromiseLike<T>,
  fallback: F,
  options: { readonly name?: string } = {},
): Call<T | F> {
  const { request } = scopeOf([call])
  const name = options.name ?? (call instanceof Call ? call.name : 'soft')
  const part: Call<T | F> = combined<T | F>(name, [call], async () => {
    try {
      return await outcomeOf(call)
    } catch (error) {
      if (isCancelled(error) || request.cancelledBy !== null) throw error
      request.partials.push({ part, error })
      return fallback
    }
  })
  if (options.name === undefined) unnamed.add(part)
  return part
}

const unnamed = new WeakSet<object>()
const isUnnamed = (part: unknown): part is Call<unknown> => part instanceof Call && unnamed.has(part)

function combined<T>(name: string, parts: readonly unknown[], work: () => Promise<T>): Call<T> {
  return Call.begin(name, scopeOf(parts), work, parts)
}

function scopeOf(parts: readonly unknown[]): Scope {
  const call = parts.find(part => part instanceof Call)
  const scope = call === undefined ? Scope.current() : Scope.of(call.request)
  if (scope === undefined) throw new TypeError('all, any, race and soft are for the calls of a route')
  return scope
}

function cancelAll(parts: readonly unknown[], why: string): void {
  for (const part of parts) if (part instanceof Call) part.cancel(why)
}
