import { existsSync, readFileSync } from 'node:fs'
import { dirname, relative, resolve as resolvePath } from 'node:path'
import type { FieldPath, Problem } from '../../../model/resource.ts'
import { readText } from '../../../model/yaml.ts'
import { mapOf } from '../../import/faults.ts'
import { isData, resolve } from '../../import/references.ts'

type Json = Readonly<Record<string, unknown>>
type Declaration = ReturnType<typeof readText>['declarations'][number]

/** Where a document has what it refers to in other files, each by its path from the document's folder. */
export const OTHERS = 'x-portcullis-files'

export interface Bundled {
  readonly document: Json
  /** References that lead nowhere, and files that cannot be read, each at its place. */
  readonly problems: readonly Problem[]
}

/** A document with what it refers to in other files of this machine as parts of it. Addresses are left as they are. */
export function withOtherFiles(declaration: Declaration, file: string): Bundled {
  return new Bundling(file).of(declaration)
}

class Bundling {
  private readonly root: string
  private readonly problems: Problem[] = []
  /** By their absolute paths; null: it cannot be read. */
  private readonly files = new Map<string, string | null>()
  private readonly parts: Record<string, unknown> = {}
  private readonly refs: { readonly reference: string; readonly fail: (message: string) => void }[] = []

  constructor(file: string) {
    this.root = resolvePath(file)
  }

  of(declaration: Declaration): Bundled {
    const own = this.rewritten(declaration.value, [], this.root, declaration) as Json
    const document = Object.keys(this.parts).length === 0 ? own : { ...own, [OTHERS]: this.parts }
    for (const { reference, fail } of this.refs)
      if (resolve(document, reference) === undefined) fail('leads nowhere, expected a part of that file')
    return { document, problems: this.problems }
  }

  private rewritten(value: unknown, path: FieldPath, file: string, declaration: Declaration): unknown {
    if (Array.isArray(value))
      return value.map((one, i) => this.rewritten(one, [...path, i], file, declaration))
    const map = mapOf(value)
    if (map === null) return value
    const entries = Object.entries(map).map(([key, field]) => {
      const here = [...path, key]
      if (key === '$ref' && typeof field === 'string')
        return [key, this.reference(field, here, file, declaration)]
      return [key, isData(key, path) ? field : this.rewritten(field, here, file, declaration)]
    })
    return Object.fromEntries(entries) as Json
  }

  private reference(written: string, path: FieldPath, file: string, declaration: Declaration): string {
    if (/^[a-z][\w+.-]+:/i.test(written)) return written
    const [name = '', pointer = ''] = written.split('#', 2)
    if (name === '' && file === this.root) return written
    const fail = (message: string): void => {
      const position = declaration.at(path)
      this.problems.push({
        severity: 'error',
        position,
        resource: null,
        path,
        message: `${JSON.stringify(written)} ${message}`,
      })
    }
    const target = name === '' ? file : resolvePath(dirname(file), decoded(name))
    if (target === this.root) return `#${pointer}`
    const key = this.keyOf(target, fail)
    if (key === null) return written
    const reference = `#/${OTHERS}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}${pointer}`
    this.refs.push({ reference, fail })
    return reference
  }

  private keyOf(file: string, fail: (message: string) => void): string | null {
    const known = this.files.get(file)
    if (known !== undefined) return known
    const key = relative(dirname(this.root), file)
    const shown = relative(process.cwd(), file)
    if (!existsSync(file)) {
      fail(`leads to ${shown}, which does not exist`)
      return null
    }
    const { declarations, problems } = readText(readFileSync(file, 'utf8'), shown)
    const [declaration] = declarations
    this.problems.push(...problems)
    this.files.set(file, declaration === undefined ? null : key)
    if (declaration === undefined) return null
    this.parts[key] = this.rewritten(declaration.value, [], file, declaration)
    return key
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
