import type { RuleTypes } from '../../proxy/compile.ts'
import type { FilterConfig } from '../../snapshot/rule.ts'
import type * as shapes from '../shapes/rule.ts'

/** In the order in which requests meet them. */
export function filterViews(
  filters: readonly FilterConfig[],
  { filters: types }: RuleTypes,
): readonly shapes.Filter[] {
  return types.inOrder(filters).map(filter => {
    const { type, phase, role, describe } = types.find(filter.type)
    return { type, phase, role, summary: describe(filter), origin: filter.origin }
  })
}
