import { formatBytes } from '../../model/quantity.ts'
import { compileExceptions } from '../exceptions.ts'
import type { FilterType } from '../filter.ts'
import { CacheFilter } from './cache-filter.ts'
import type { CacheConfig } from './config.ts'

/**
 * Answers from memory what need not be asked again (RFC 9111, as a shared cache). It stands behind authorization and
 * plans, which see every request, and before rewriting, so that what is stored is what the route makes of an answer.
 */
export const cache: FilterType<CacheConfig> = {
  type: 'cache',
  role: 'ingress',
  phase: 'cache',
  nearest: true,
  compile(config, kit) {
    return new CacheFilter(config, compileExceptions(config.except), kit)
  },
  describe: ({ maxBodyBytes }) => `cache; bodies up to ${formatBytes(maxBodyBytes)}`,
  except: ({ except }) => except,
}
