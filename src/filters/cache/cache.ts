import { formatBytes } from '../../model/quantity.ts'
import type { FilterType } from '../filter.ts'
import { exceptOf, layered, mergeLayers } from '../layered.ts'
import { CacheFilter } from './cache-filter.ts'
import { settingsOf, type CacheConfig } from './config.ts'

/**
 * Answers from memory what need not be asked again (RFC 9111, as a shared cache). It stands behind authorization and
 * plans, which see every request, and before rewriting, so that what is stored is what the route makes of an answer.
 */
export const cache: FilterType<CacheConfig> = {
  type: 'cache',
  role: 'ingress',
  phase: 'cache',
  merge: mergeLayers,
  compile(config, kit) {
    return layered(config, layers => {
      const { policy } = layers.at(-1)!
      return new CacheFilter(config, settingsOf(layers), policy, kit)
    })
  },
  describe: ({ layers }) => `cache; bodies up to ${formatBytes(settingsOf(layers).maxBodyBytes)}`,
  except: exceptOf,
}
