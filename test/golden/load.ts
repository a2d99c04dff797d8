import { withHint } from '../../src/model/hints.ts'
import type { Kinds } from '../../src/model/kinds.ts'
import { formatProblem } from '../../src/model/problem.ts'
import type { Metadata, Problem, Resource } from '../../src/model/resource.ts'
import { Resources } from '../../src/model/resources.ts'
import { unreadOf } from '../../src/model/unenforced.ts'
import { validate } from '../../src/model/validate.ts'
import { readText, type Declaration } from '../../src/model/yaml.ts'

/** First line of an input whose objects are taken as they are: translation meets them where other sources validate less. */
const UNCHECKED = '# unchecked'

/** The objects of a YAML text, and the problems of those that are left out. */
export function load(text: string, file: string, kinds: Kinds): { resources: Resources; problems: string[]; all: readonly Problem[] } {
  const { declarations, problems, unread } = readText(text, file)
  const results = declarations.map(declaration =>
    text.startsWith(UNCHECKED) ? { resource: unchecked(declaration), problems: [], unenforced: undefined } : validate(declaration, kinds),
  )
  const all = [...problems, ...results.flatMap(result => result.problems)]
  const resources = Resources.of(
    results.flatMap(({ resource }) => (resource === null ? [] : [resource])),
    [...results.flatMap(({ unenforced }) => unenforced ?? []), ...unread.flatMap(part => unreadOf(part.text, part.problem, kinds) ?? [])],
    all,
  )
  return { resources, problems: all.map(problem => formatProblem(withHint(problem, resources))), all }
}

interface Written {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Metadata
}

function unchecked({ value, at }: Declaration): Resource {
  if (!isWritten(value)) throw new Error('an object needs apiVersion, kind and metadata')
  const { apiVersion, kind, metadata, ...body } = value
  return { apiVersion, kind, metadata: { ...metadata, namespace: metadata.namespace ?? 'default' }, body, at }
}

function isWritten(value: unknown): value is Written {
  return typeof value === 'object' && value !== null && 'apiVersion' in value && 'kind' in value && 'metadata' in value
}
