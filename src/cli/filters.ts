import { FilterTable } from '../filters/compile.ts'
import { ingressFilters } from '../roles/ingress/filter-types.ts'

/** Every filter of every role that is built: for workers, and for whoever says what they would do. */
export const filterTable = new FilterTable([...ingressFilters])
