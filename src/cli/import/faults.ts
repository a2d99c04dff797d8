import type { Declaration } from '../../model/yaml.ts'
import type { FieldPath, Problem } from '../../model/resource.ts'

/** Collects what is wrong with a document, each with its line. */
export class Faults {
  readonly problems: Problem[] = []
  private readonly declaration: Declaration

  constructor(declaration: Declaration) {
    this.declaration = declaration
  }

  error(path: FieldPath, message: string): void {
    this.add('error', path, message)
  }

  warning(path: FieldPath, message: string): void {
    this.add('warning', path, message)
  }

  /** `openapi.yaml:12:3`. */
  line(path: FieldPath): number {
    return this.declaration.at(path)?.line ?? 0
  }

  private add(severity: Problem['severity'], path: FieldPath, message: string): void {
    this.problems.push({ severity, position: this.declaration.at(path), resource: null, path, message })
  }
}

/** An object of JSON, or null. */
export function mapOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : null
}

/** `a number`, `a list`: what stands there in place of what was expected. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'string' ? 'text' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
