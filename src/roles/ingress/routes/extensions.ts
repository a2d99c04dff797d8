import type { ExtensionConfig } from '../../../filters/extension/config.ts'
import { PORTCULLIS } from '../../../model/kind.ts'
import { Filter, filterTimeoutMs } from '../../../model/kinds/filter.ts'
import type { HTTPFilter } from '../../../model/kinds/http-filters.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { Resources } from '../../../model/resources.ts'
import {
  bundleKey,
  BUNDLES,
  threadsCluster,
  type DeclaredBundles,
} from '../../../translation/compositions.ts'
import { missing } from '../../../translation/missing.ts'
import type { Flaw } from '../../../translation/report.ts'
import type { Facts } from '../../../translation/service.ts'

type Ref = NonNullable<HTTPFilter['extensionRef']>

/** What a route that refers to a Filter has of it. */
export interface Extension {
  readonly config: Pick<ExtensionConfig, 'filter' | 'cluster' | 'shape' | 'timeoutMs'>
  /** Why it lets nothing pass: its code cannot be loaded, and none was before. */
  readonly flaw: Pick<Flaw, 'reason' | 'message' | 'follows'> | null
}

/** Resolves references of routes to filters of their own. */
export class Extensions {
  private readonly resources: Resources
  private readonly bundles: DeclaredBundles | undefined
  private readonly known = new Map<string, Extension>()

  constructor(resources: Resources, facts: Facts | undefined) {
    this.resources = resources
    this.bundles = facts?.[BUNDLES] as DeclaredBundles | undefined
  }

  /** `namespace` is the route's: a filter is of the same one. */
  resolve(ref: Ref | undefined, namespace: string, path: FieldPath): Extension | Flaw {
    if (ref?.group !== PORTCULLIS || ref.kind !== Filter.kind)
      return { reason: 'InvalidKind', path, message: unknownKind(ref) }
    const filter = this.resources.get(Filter, namespace, ref.name)
    if (filter !== undefined) return this.of(filter)
    const { message, ...rest } = missing(this.resources, Filter, namespace, ref.name)
    const isPlayed = this.resources.all(Filter).length > 0
    const perhaps = isPlayed ? '' : ', or its role does not run here (--roles)'
    return { reason: 'FilterNotFound', path, message: `${message}${perhaps}${CLOSED}`, ...rest }
  }

  /** As text that differs where what a route has of it does; "" where it is not there. */
  said(name: string, namespace: string): string {
    const filter = this.resources.get(Filter, namespace, name)
    return filter === undefined ? '' : JSON.stringify(this.of(filter))
  }

  private of(filter: Filter): Extension {
    const key = bundleKey(filter)
    let extension = this.known.get(key)
    if (extension === undefined) this.known.set(key, (extension = this.made(filter, key)))
    return extension
  }

  private made(filter: Filter, key: string): Extension {
    const { namespace, name } = filter.metadata
    const bundle = this.bundles?.get(key)
    const shape = bundle?.filter ?? null
    const config = {
      filter: `${namespace}/${name}`,
      cluster: threadsCluster(filter, shape),
      shape,
      timeoutMs: filterTimeoutMs(filter.body),
    }
    const isLost = shape === null && bundle !== undefined && bundle.fault !== null
    const message = `Filter ${namespace}/${name} cannot be loaded, and its requests are answered 503 (filter_unavailable)`
    return { config, flaw: isLost ? { reason: 'FilterNotLoaded', message, follows: true } : null }
  }
}

const CLOSED = '; its requests are answered 500'

function unknownKind(ref: Ref | undefined): string {
  const what = ref === undefined ? 'an extension' : `${ref.kind} (group ${JSON.stringify(ref.group)})`
  return `${what} is no filter that is known here${policyAdvice(ref)}${CLOSED}`
}

/** Of a policy of ours, in the place where other gateways have theirs. */
function policyAdvice(ref: Ref | undefined): string {
  if (ref?.group !== PORTCULLIS || !ref.kind.endsWith('Policy')) return ''
  return ': a policy says itself what it is for, by its spec.targetRefs'
}
