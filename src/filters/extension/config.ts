import type { FilterShape } from '../../shared/crossing/filtering.ts'
import type { FilterConfig } from '../../snapshot/rule.ts'

/** A Filter that a rule refers to, as the proxy runs it. */
export interface ExtensionConfig extends FilterConfig {
  readonly type: 'extension'
  /** `default/tenant` */
  readonly filter: string
  /** Whose endpoints are the threads of its bundle. */
  readonly cluster: string
  /** What its bundle does; null where nobody knows, so that nothing may pass. */
  readonly shape: FilterShape | null
  /** For a request, and for its answer again. */
  readonly timeoutMs: number
}
