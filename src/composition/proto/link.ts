import { create, createFileRegistry, type FileRegistry, type Message } from '@bufbuild/protobuf'
import { mergeFromText } from '@bufbuild/protobuf/txtpb'
import {
  FileDescriptorSetSchema,
  type DescriptorProto,
  type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt'
import { ProtoFault } from './fault.ts'
import type { Holder, Option } from './options.ts'
import type { ParsedFile, TypeReference } from './parse.ts'

/** A file of a set: parsed, or a descriptor that is finished. */
export type LinkedFile = ParsedFile | FileDescriptorProto

const isParsed = (file: LinkedFile): file is ParsedFile => 'holders' in file
const descriptorOf = (file: LinkedFile): FileDescriptorProto => (isParsed(file) ? file.descriptor : file)

/** What a full name is of, and in which file. */
interface Symbol {
  readonly kind: 'message' | 'enum' | 'extension'
  readonly file: string
}

/**
 * Resolves names of types and options of files that are complete with their imports, those that are imported first.
 * Throws a ProtoFault where a name is of nothing, or of what the file does not import.
 */
export function link(files: readonly LinkedFile[]): FileRegistry {
  const symbols = new Symbols(files.map(descriptorOf))
  for (const file of files)
    if (isParsed(file)) for (const reference of file.references) symbols.resolve(reference, file.descriptor)
  const set = create(FileDescriptorSetSchema, { file: files.map(descriptorOf) })
  // Those of the language itself first: what extensions are depends on them (a feature may delimit a message).
  const custom = files.filter(isParsed).flatMap(file => file.holders.flatMap(one => builtIn(one, file)))
  if (custom.length === 0) return createFileRegistry(set)
  const registry = createFileRegistry(set)
  for (const { holder, target, options, file } of custom)
    for (const option of options) {
      const nameOf = (name: string) => symbols.extension(name, option, holder, file.descriptor)
      merge(option, holder, target, textOf(option, nameOf), registry)
    }
  return createFileRegistry(set)
}

interface CustomOptions {
  readonly holder: Holder
  readonly target: Message
  readonly options: readonly Option[]
  readonly file: ParsedFile
}

function builtIn(holder: Holder, file: ParsedFile): CustomOptions[] {
  const target = create(holder.schema)
  holder.set(target)
  const isCustom = ({ path }: Option) => path.some(part => part.extension)
  for (const option of holder.options)
    if (!isCustom(option)) merge(option, holder, target, textOf(option, null))
  const options = holder.options.filter(isCustom)
  return options.length === 0 ? [] : [{ holder, target, options, file }]
}

function merge(option: Option, holder: Holder, target: Message, text: string, registry?: FileRegistry): void {
  try {
    mergeFromText(holder.schema, target as never, text, { registry })
  } catch (cause) {
    throw new ProtoFault(option.place, `the option cannot be read: ${(cause as Error).message}`)
  }
}

/** `(a).b = 1` as the text format has it: `[a] { b: 1 }`. */
function textOf({ path, value }: Option, nameOf: ((name: string) => string) | null): string {
  const names = path.map(({ name, extension }) => (extension ? `[${nameOf!(name)}]` : name))
  return `${names.join(' { ')}${value}${' }'.repeat(names.length - 1)}`
}

/** All names of files by which something can be referred to. */
class Symbols {
  private readonly all = new Map<string, Symbol>()
  private readonly visible = new Map<string, ReadonlySet<string>>()
  private readonly files: ReadonlyMap<string, FileDescriptorProto>

  constructor(files: readonly FileDescriptorProto[]) {
    this.files = new Map(files.map(file => [file.name, file]))
    for (const file of files) {
      const scope = file.package === '' ? '' : `${file.package}.`
      this.add(file.name, scope, file)
    }
  }

  private add(file: string, scope: string, of: FileDescriptorProto | DescriptorProto): void {
    const { enumType, extension } = of
    const messages = 'messageType' in of ? of.messageType : of.nestedType
    for (const type of enumType) this.all.set(`${scope}${type.name}`, { kind: 'enum', file })
    for (const one of extension) this.all.set(`${scope}${one.name}`, { kind: 'extension', file })
    for (const message of messages) {
      this.all.set(`${scope}${message.name}`, { kind: 'message', file })
      this.add(file, `${scope}${message.name}.`, message)
    }
  }

  resolve({ name, scope, place, of, set }: TypeReference, file: FileDescriptorProto): void {
    const full = this.find(name, scope, file, 'type')
    if (full === null) throw new ProtoFault(place, this.missing(name, scope))
    const { kind } = this.all.get(full)!
    if (of === 'message' && kind !== 'message') throw new ProtoFault(place, `${full} is no message`)
    set(`.${full}`, kind === 'enum')
  }

  extension(name: string, { place }: Option, { scope }: Holder, file: FileDescriptorProto): string {
    const found = this.find(name, scope, file, 'extension')
    if (found === null) throw new ProtoFault(place, `no option (${name}) is known: is its file imported?`)
    return found
  }

  /** From the innermost scope outwards, of what the file can see; null where it is nowhere. */
  private find(
    name: string,
    scope: string,
    file: FileDescriptorProto,
    of: 'type' | 'extension',
  ): string | null {
    const fits = (full: string) => {
      const symbol = this.all.get(full)
      return (
        symbol !== undefined &&
        (symbol.kind === 'extension') === (of === 'extension') &&
        this.sees(file, symbol.file)
      )
    }
    if (name.startsWith('.')) return fits(name.slice(1)) ? name.slice(1) : null
    for (let at = scope; ; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
      const full = at === '' ? name : `${at}.${name}`
      if (fits(full)) return full
      if (at === '') return null
    }
  }

  private missing(name: string, scope: string): string {
    for (let at = scope; ; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
      const symbol = this.all.get(at === '' ? name.replace(/^\./, '') : `${at}.${name}`)
      if (symbol !== undefined && symbol.kind !== 'extension')
        return `${name} is declared in ${symbol.file}, which is not imported`
      if (at === '') return `no type is called ${name}`
    }
  }

  /** What it imports, and what these import publicly. */
  private sees(file: FileDescriptorProto, other: string): boolean {
    let visible = this.visible.get(file.name)
    if (visible === undefined) {
      const all = new Set([file.name])
      const add = (name: string) => {
        if (all.has(name)) return
        all.add(name)
        const imported = this.files.get(name)
        for (const index of imported?.publicDependency ?? []) add(imported!.dependency[index]!)
      }
      for (const name of [...file.dependency, ...file.optionDependency]) add(name)
      this.visible.set(file.name, (visible = all))
    }
    return visible.has(other)
  }
}
