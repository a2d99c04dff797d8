import { kinds } from '../../src/cli/roles.ts'
import type { Problem, Resource } from '../../src/model/resource.ts'
import type { Unenforced } from '../../src/model/targeting.ts'
import { validate } from '../../src/model/validate.ts'
import { readText } from '../../src/model/yaml.ts'

export { kinds }

/** Reads and validates one text; `file` is the name that messages show. Repeated objects are the caller's affair. */
export function parseResources(
  file: string,
  content: string,
): { resources: Resource[]; unenforced: Unenforced[]; problems: Problem[] } {
  const { declarations, problems } = readText(content, file)
  const validations = declarations.map(declaration => validate(declaration, kinds))
  const unenforced = validations.flatMap(v => v.unenforced ?? [])
  const untold = unenforced.filter(({ broken }) => !broken).map(({ problem }) => problem)
  return {
    resources: validations.flatMap(v => v.resource ?? []),
    unenforced,
    problems: [...problems, ...validations.flatMap(v => v.problems), ...untold],
  }
}
