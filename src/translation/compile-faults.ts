import type { FilterTable } from '../filters/compile.ts'
import { trialKit } from '../filters/trial-kit.ts'
import type { Condition } from '../model/resource.ts'
import type { Contribution } from '../snapshot/contribution.ts'
import { declaredBy } from '../snapshot/declared.ts'
import type { FilterConfig } from '../snapshot/rule.ts'

/**
 * What workers will find of filters that roles attach: each is compiled, and thrown away (ADR 0013). Where one cannot
 * be had, what it stands on answers 500, and the object that put it there has a condition. A filter of a route's own
 * rule has been tried with the rule.
 */
export function compileFaults(
  contributions: readonly Pick<Contribution, 'attach'>[],
  filters: FilterTable,
): readonly Condition[] {
  const configs = new Set(contributions.flatMap(({ attach = [] }) => attach.map(({ filter }) => filter)))
  return [...configs].flatMap(config => {
    const fault = faultOf(config, filters)
    return fault === null ? [] : [conditionOf(config, fault)]
  })
}

function faultOf(config: FilterConfig, filters: FilterTable): string | null {
  try {
    filters.ready([config], trialKit)
    return null
  } catch (error) {
    return String(error)
  }
}

function conditionOf({ origin }: FilterConfig, fault: string): Condition {
  return {
    ...declaredBy(origin),
    type: 'PartiallyInvalid',
    status: 'True',
    reason: 'UnsupportedValue',
    message: `${origin.path}: cannot be compiled, and what it stands on answers 500: ${fault}`,
  }
}
