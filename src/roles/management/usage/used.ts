import type { Kysely } from 'kysely'
import type { UsageSums } from '../../../api/shapes/usage.ts'
import type { Tables } from '../store/tables.ts'
import { usageRows, type UsageRows } from './answer.ts'
import { OTHER } from './flush.ts'
import { outcomes } from './outcome.ts'
import { finenessMs, outwards } from './pieces.ts'
import type { Retention } from './retention.ts'

export interface UsedQuestion {
  readonly applications: readonly string[]
  /** When the window began, and now; milliseconds since 1970. */
  readonly fromMs: number
  readonly nowMs: number
}

/** Who was denied has used nothing, nor who met an outage of the gateway: most of those come before anything is taken. */
const uses = outcomes.filter(outcome => !outcome.startsWith('denied_') && outcome !== 'gateway_error')

/** Rows of one answer. */
const PAGE = 5_000

/** What an application has used of a product for one operation, with one credential. */
interface Part extends UsageSums {
  readonly operation: string
  readonly credential: string
}

/** What applications have used of products, by operation and credential. */
export class Used {
  private readonly parts = new Map<string, Part[]>()

  add(application: string, product: string, part: Part): void {
    const key = `${application} ${product}`
    const known = this.parts.get(key)
    if (known === undefined) this.parts.set(key, [part])
    else known.push(part)
  }

  /** Operations that have a name; "" is of requests of no known one. */
  operations(application: string, product: string): readonly string[] {
    return this.named(application, product, ({ operation }) => operation)
  }

  /** Credentials that were told apart; "" is of requests that no recorded one was shown with. */
  credentials(application: string, product: string): readonly string[] {
    return this.named(application, product, ({ credential }) => credential)
  }

  sum(
    application: string,
    product: string,
    unit: 'Requests' | 'Bytes' | 'Cost',
    counts: (part: Part) => boolean,
  ): number {
    let all = 0
    for (const part of this.of(application, product)) if (counts(part)) all += inUnit[unit](part)
    return Math.ceil(all)
  }

  private named(application: string, product: string, name: (part: Part) => string): readonly string[] {
    return [...new Set(this.of(application, product).map(name))].filter(one => one !== OTHER)
  }

  private of(application: string, product: string): readonly Part[] {
    return this.parts.get(`${application} ${product}`) ?? []
  }
}

const inUnit: Readonly<Record<'Requests' | 'Bytes' | 'Cost', (sums: UsageSums) => number>> = {
  Requests: ({ requests }) => requests,
  Bytes: ({ requestBytes, responseBytes }) => requestBytes + responseBytes,
  Cost: ({ cost }) => cost,
}

/** Applications that the ledger has anything of. */
export async function usersOf(db: Kysely<Tables>): Promise<ReadonlySet<string>> {
  const all = new Set<string>()
  for (let after = ''; ;) {
    const rows = await db
      .selectFrom('usageSeries')
      .select('application')
      .distinct()
      .where('application', '>', after)
      .orderBy('application')
      .limit(PAGE)
      .execute()
    for (const { application } of rows) all.add(application)
    if (rows.length < PAGE) return all
    after = rows.at(-1)!.application
  }
}

/**
 * What applications have used, by the ledger, whichever subscriptions they had to a product. Where the beginning of the
 * window is no longer known so finely, it is the beginning of the hour, or day, that it is in: rather too much is used
 * than too little.
 */
export async function usedSince(
  db: Kysely<Tables>,
  { applications, fromMs, nowMs }: UsedQuestion,
  retention: Retention,
): Promise<Used> {
  const span = outwards({ fromMs, toMs: nowMs + 1 }, finenessMs(fromMs, nowMs, retention), 60_000)
  const used = new Used()
  let after: UsageRows['next'] = null
  do {
    const { items, next }: UsageRows = await usageRows(db, {
      ...span,
      step: 'total',
      groupBy: ['application', 'product', 'operation', 'credential'],
      chosen: { application: applications, outcome: uses },
      scope: null,
      order: 'key',
      limit: PAGE,
      after,
    })
    for (const { by, ...sums } of items)
      used.add(by['application'] ?? '', by['product'] ?? '', {
        ...sums,
        operation: by['operation'] ?? '',
        credential: by['credential'] ?? '',
      })
    after = next
  } while (after !== null)
  return used
}
