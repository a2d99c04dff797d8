import { posix } from 'node:path'
import type { DescEnum, DescFile, DescMessage } from '@bufbuild/protobuf'
import { fileName, moduleName, nameOf, schemaName } from './names.ts'

const WELL_KNOWN = '@bufbuild/protobuf/wkt'

/** What a module takes from others, by the names under which it has them. */
export class Imports {
  private readonly file: DescFile
  /** What the module declares itself: another one of that name has `$1` behind it. */
  private readonly own: ReadonlySet<string>
  private readonly types = new Map<string, Map<string, string>>()
  private readonly values = new Map<string, Map<string, string>>()

  constructor(file: DescFile, own: ReadonlySet<string>) {
    this.file = file
    this.own = own
  }

  type(of: DescMessage | DescEnum): string {
    return this.name(this.types, of.file, nameOf(of))
  }

  schema(of: DescMessage | DescEnum): string {
    return this.name(this.types, of.file, schemaName(of))
  }

  fileDesc(file: DescFile): string {
    return this.name(this.values, file, fileName(file))
  }

  typeOf(module: string, name: string): string {
    return this.from(this.types, module, name)
  }

  value(module: string, name: string): string {
    return this.from(this.values, module, name)
  }

  private name(into: Map<string, Map<string, string>>, file: DescFile, name: string): string {
    return file.name === this.file.name ? name : this.from(into, this.moduleOf(file), name)
  }

  private from(into: Map<string, Map<string, string>>, module: string, name: string): string {
    let names = into.get(module)
    if (names === undefined) into.set(module, (names = new Map<string, string>()))
    let alias = names.get(name)
    if (alias === undefined) {
      const taken = new Set([...this.own, ...[...into.values()].flatMap(one => [...one.values()])])
      alias = name
      for (let i = 1; taken.has(alias); i++) alias = `${name}$${i}`
      names.set(name, alias)
    }
    return alias
  }

  private moduleOf(file: DescFile): string {
    if (file.name.startsWith('google/protobuf/')) return WELL_KNOWN
    const path = posix.relative(posix.dirname(this.file.name), moduleName(file))
    return path.startsWith('.') ? path : `./${path}`
  }

  /** Lines, in the order of modules. */
  get text(): string {
    return [...lines(this.types, 'import type'), ...lines(this.values, 'import')].join('')
  }
}

const lines = (of: ReadonlyMap<string, ReadonlyMap<string, string>>, keyword: string): string[] =>
  [...of]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([module, names]) => {
      const list = [...names]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, alias]) => (name === alias ? name : `${name} as ${alias}`))
      return `${keyword} { ${list.join(', ')} } from '${module}'\n`
    })
