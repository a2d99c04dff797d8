import type { Role } from '../../translation/role.ts'
import { managementFilters } from './filter-types.ts'
import { Management } from './service.ts'

/** API management: who may use an API, how much, under which plan. */
export const management: Role = {
  name: 'management',
  kinds: [],
  filters: managementFilters,
  translate: () => ({ conditions: [] }),
  services: kit => [new Management(kit)],
}
