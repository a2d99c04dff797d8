import { formatProblem } from '../../model/problem.ts'
import type { Resource } from '../../model/resource.ts'
import { sourceOf } from '../command/sources.ts'
import { pathsOr } from '../command/values.ts'
import { kinds } from '../roles.ts'

/** What files declare, as it goes over the wire; null where something is wrong, which has been told with its line. */
export async function declaredObjects(paths: readonly string[]): Promise<readonly object[] | null> {
  const source = await sourceOf(pathsOr(paths), kinds)
  const { resources, problems } = source.load()
  for (const problem of problems)
    process.stderr.write(`${formatProblem(problem)}${problem.severity === 'error' ? '' : ' (warning)'}\n`)
  if (problems.some(({ severity }) => severity === 'error')) return null
  return resources.list.map(objectOf)
}

function objectOf({ apiVersion, kind, metadata, body }: Resource): object {
  return { apiVersion, kind, metadata, ...(body as object) }
}
