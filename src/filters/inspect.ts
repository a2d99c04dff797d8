import type { Lookup } from '../shared/table.ts'
import type { Inspection, InspectKit } from './filter.ts'
import type { Kit } from './kit.ts'
import { Note } from './notes.ts'
import { trialKit } from './trial-kit.ts'

/** Who asks, or by which plan, cannot be known, and why: written by who would have said so, for those that depend on it. */
export const undecidedNote = new Note<string>('inspect.undecided')

/** Nothing to tell, and the request goes on. */
export const passes: Inspection = { facts: [], refusal: null, unknown: null }

/** A kit that the filter itself can be compiled with, to be asked what it would find; it counts nothing. */
export function compilingKit(kit: InspectKit): Kit {
  return {
    ...trialKit,
    counters: (name, whose) => kit.counters(name, whose) ?? trialKit.counters(name, whose),
    table<T>(name: string): Lookup<T> {
      const rows = kit.table<T>(name)
      const get = (key: string): T | undefined => rows?.get(key)
      const row = (key: string) => {
        const value = get(key)
        return value === undefined ? undefined : { value, mark: { isCurrent: () => get(key) === value } }
      }
      return { get, row }
    },
    clock: { ...trialKit.clock, sharedUs: () => kit.sharedUs(), wallMs: () => kit.wallMs() },
  }
}

/** Where no gateway runs: there is only what was declared, as translation has it. */
export function declaredKit(tables: Readonly<Record<string, ReadonlyMap<string, unknown>>>): InspectKit {
  return {
    // Whoever asks knows what its rows are, as of any table.
    table: <T>(name: string) =>
      Object.hasOwn(tables, name) ? (tables[name] as ReadonlyMap<string, T>) : null,
    counters: () => null,
    sharedUs: () => 0,
    wallMs: () => Date.now(),
  }
}
