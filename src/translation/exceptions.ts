import { routeDefaults } from '../model/defaults.ts'
import type { Exception, ExceptedPath } from '../filters/exceptions.ts'
import { canonicalPath, writtenPaths } from '../http/target.ts'
import type { Exceptions } from '../model/kinds/exceptions.ts'

/** What a policy's `except` leaves out; `namespace` is the policy's. Its paths have been found to be some. */
export function exceptionsOf(except: Exceptions = [], namespace: string): Exception[] {
  return except.map(({ routes, paths, methods = [] }) => ({
    routes:
      routes?.map(
        ({ kind = 'HTTPRoute', name, namespace: of = namespace }) => `${kind.toLowerCase()}/${of}/${name}/`,
      ) ?? null,
    paths: paths?.map(pathOf) ?? null,
    methods: methods.length === 0 ? null : [...methods],
  }))
}

function pathOf({
  type = routeDefaults.pathType,
  value,
}: NonNullable<Exceptions[number]['paths']>[number]): ExceptedPath {
  // The same spelling as that of requests.
  const canonical = canonicalPath(value, writtenPaths)
  const path = typeof canonical === 'string' ? canonical : value
  if (type === 'Exact') return { type: 'exact', value: path }
  return { type: 'prefix', value: path.endsWith('/') ? path.slice(0, -1) : path }
}
