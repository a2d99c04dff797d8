import type { FieldPath, Position, Problem } from './resource.ts'

/** `spec.rules[0].filters`; names that are no plain words are quoted: `metadata.labels["a/b"]`. */
export function formatPath(path: FieldPath): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step)}]`
  }
  return text
}

export function formatPosition({ file, line, column }: Position): string {
  return line === 0 ? file : `${file}:${line}:${column}`
}

/** `FILE:LINE:COLUMN kind/name spec.path: what is wrong, what is expected`; parts that are not known are left out. */
export function formatProblem(problem: Problem): string {
  const { position, resource, path, message } = problem
  const where = [
    position === null ? '' : formatPosition(position),
    resource === null ? '' : resource.name === '' ? resource.kind : `${resource.kind}/${resource.name}`,
    formatPath(path),
  ].filter(part => part !== '')
  return where.length === 0 ? message : `${where.join(' ')}: ${message}`
}
