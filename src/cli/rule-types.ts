import { FilterTable } from '../filters/compile.ts'
import { noActions } from '../proxy/action.ts'
import type { RuleTypes } from '../proxy/compile.ts'
import { ingressFilters } from '../roles/ingress/filter-types.ts'
import { managementFilters } from '../roles/management/filter-types.ts'

/** Every filter and action of every role that is built: for workers, and for whoever says what they would do. */
export const ruleTypes: RuleTypes = {
  filters: new FilterTable([...ingressFilters, ...managementFilters]),
  actions: noActions,
}
