import { Composition } from '../../model/kinds/composition.ts'
import { Filter } from '../../model/kinds/filter.ts'
import type { Role } from '../../translation/role.ts'
import { discover } from './discover.ts'
import { Compositions } from './service.ts'
import { translate } from './translation/translate.ts'

/** Composition: the API that a client sees, made of others by code, and filters by code. */
export const composition: Role = {
  name: 'composition',
  kinds: [Composition, Filter],
  translate,
  discover,
  services: kit => [new Compositions(kit)],
}
