import type { FilterTable } from '../../filters/compile.ts'
import type { Rule, StreamRule } from '../../snapshot/rule.ts'
import type { Listener, Snapshot } from '../../snapshot/snapshot.ts'
import type { RecentRecord } from '../../telemetry/recent/slot-reader.ts'
import type { RequestStory } from '../shapes/requests.ts'
import { attemptsOf, timingsOf } from './attempts.ts'
import { filtersOf } from './filters.ts'
import { stepsOf } from './layers.ts'
import { requestLine } from './line.ts'

/** What a story is told from beside its record. */
export interface StoryKnown {
  /** In force now; null before the first. */
  readonly snapshot: Snapshot | null
  readonly filters: FilterTable
}

/** Tells which layer decided what, what filters and attempts did, and where the time went. */
export function storyOf(record: RecentRecord, others: number, known: StoryKnown): RequestStory {
  const { snapshot } = known
  const listener = snapshot === null ? null : listenerNamed(snapshot, record.listener)
  const rule = listener === null ? null : ruleOf(listener, record.route)
  const filters = filtersOf(record, listener, rule, known.filters)
  return {
    ...requestLine(record),
    others,
    snapshot: { version: record.snapshot, inForce: snapshot?.version === record.snapshot },
    phases: stepsOf(record, listener, rule, filters),
    filters,
    attempts: attemptsOf(record),
    attemptCount: record.attempts,
    notes: record.story.notes.map(([name, value]) => ({
      name,
      value: typeof value === 'number' ? value : String(value),
    })),
    timings: timingsOf(record),
    leftOut: record.story.leftOut,
  }
}

function listenerNamed({ ports }: Snapshot, name: string): Listener | null {
  if (name === '') return null
  for (const { listeners } of ports) {
    const found = listeners.find(listener => listener.name === name)
    if (found !== undefined) return found
  }
  return null
}

function ruleOf({ hosts, streams = [] }: Listener, id: string): Rule | StreamRule | null {
  if (id === '') return null
  for (const { entries } of hosts) for (const { rule } of entries) if (rule.id === id) return rule
  return streams.find(({ rule }) => rule.id === id)?.rule ?? null
}
