import {
  ScalarType,
  type DescEnum,
  type DescExtension,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescOneof,
  type DescService,
} from '@bufbuild/protobuf'
import { embedFileDesc } from '@bufbuild/protobuf/codegenv2'
import { isWrapperDesc } from '@bufbuild/protobuf/wkt'
import { comment } from '../schema-type.ts'
import { Imports } from './imports.ts'
import { fileName, nameOf, schemaName, type NamedType } from './names.ts'

const GEN = '@bufbuild/protobuf/codegenv2'
const LIBRARY = '@bufbuild/protobuf'

/**
 * The TypeScript module of a file, in the form of protoc-gen-es 2 with `erasable_syntax`: types of messages, and their
 * descriptors in it. The same file makes the same text.
 */
export const moduleOf = (file: DescFile): string => new Module(file).text()

class Module {
  private readonly file: DescFile
  private readonly imports: Imports
  private readonly comments: ReadonlyMap<string, string>

  constructor(file: DescFile) {
    this.file = file
    this.imports = new Imports(file, new Set(declared(file)))
    this.comments = new Map(
      (file.proto.sourceCodeInfo?.location ?? [])
        .filter(({ leadingComments }) => leadingComments !== '')
        .map(({ path, leadingComments }) => [path.join('.'), leadingComments]),
    )
  }

  text(): string {
    const { file } = this
    const parts = [
      this.descriptor(),
      ...typesOf(file.messages).map(one => this.message(one)),
      ...enumsOf(file).map(one => this.enum(one)),
      ...extensionsOf(file).map(one => this.extension(one)),
      ...file.services.map(one => this.service(one)),
    ]
    const from = `Of ${file.name}.proto, by portcullis composition gen. Changes of it are lost with the next.`
    return `${comment(from, '')}${this.imports.text}\n${parts.join('\n')}`
  }

  private descriptor(): string {
    const { file, imports } = this
    // With its imports, so that a module is all that is needed to make the descriptors of its types.
    const needed = file.dependencies.map(one => imports.fileDesc(one))
    const base64 = embedFileDesc(file.proto).base64?.() ?? ''
    const type = imports.typeOf(GEN, 'GenFile')
    const make = imports.value(GEN, 'fileDesc')
    const more = needed.length === 0 ? '' : `, [${needed.join(', ')}]`
    return `export const ${fileName(file)}: ${type} = /*@__PURE__*/ ${make}('${base64}'${more})\n`
  }

  private message(of: DescMessage): string {
    const name = nameOf(of)
    const base = this.imports.typeOf(LIBRARY, 'Message')
    const gen = this.imports.typeOf(GEN, 'GenMessage')
    const members = of.members.map(one => (one.kind === 'oneof' ? this.oneof(one) : this.field(one)))
    return [
      comment(this.said(of), ''),
      `export type ${name} = ${base}<'${of.typeName}'> & {\n${members.join('')}}\n`,
      `export const ${schemaName(of)}: ${gen}<${name}> = /*@__PURE__*/ ${this.made('messageDesc', of)}\n`,
    ].join('')
  }

  private field(of: DescField): string {
    const optional = of.fieldKind === 'message' || of.proto.proto3Optional
    const type = this.typeOf(of)
    return `${comment(this.said(of), '  ')}  ${of.localName}${optional ? `?: ${type} | undefined` : `: ${type}`}\n`
  }

  private oneof(of: DescOneof): string {
    const cases = of.fields.map(
      field => `    | { case: '${field.localName}'; value: ${this.typeOf(field)} }\n`,
    )
    return `${comment(this.said(of), '  ')}  ${of.localName}:\n${cases.join('')}    | { case: undefined; value?: undefined }\n`
  }

  private typeOf(of: DescField | DescExtension): string {
    if (of.fieldKind === 'list') return `${this.element(of, of.listKind)}[]`
    if (of.fieldKind === 'map') {
      const key = of.mapKey === ScalarType.STRING ? 'string' : isNumber(of.mapKey) ? 'number' : 'string'
      return `{ [key: ${key}]: ${this.element(of, of.mapKind)} }`
    }
    return this.element(of, of.fieldKind)
  }

  private element(of: DescField | DescExtension, kind: 'scalar' | 'enum' | 'message'): string {
    if (kind === 'scalar') return scalarType(of.scalar!, of)
    if (kind === 'enum') return this.imports.type(of.enum!)
    const message = of.message!
    // As protobuf-es has them in messages: a wrapper is what it wraps, a Struct its JSON.
    if (isWrapperDesc(message) && of.kind === 'field' && of.oneof === undefined && of.fieldKind === 'message')
      return scalarType(message.fields[0]!.scalar!, of)
    if (message.typeName === 'google.protobuf.Struct' && of.parent?.typeName !== 'google.protobuf.Value')
      return this.imports.typeOf(LIBRARY, 'JsonObject')
    return this.imports.type(message)
  }

  private enum(of: DescEnum): string {
    const name = nameOf(of)
    const gen = this.imports.typeOf(GEN, 'GenEnum')
    const open = of.open ? ` | ${this.imports.typeOf(LIBRARY, 'UnknownEnum')}` : ''
    const values = of.values.map(
      value => `${comment(this.said(value), '  ')}  ${value.localName}: ${value.number},\n`,
    )
    return [
      comment(this.said(of), ''),
      `export const ${name} = {\n${values.join('')}} as const\n`,
      `export type ${name} = (typeof ${name})[keyof typeof ${name}]${open}\n`,
      `export const ${schemaName(of)}: ${gen}<${name}> = /*@__PURE__*/ ${this.made('enumDesc', of)}\n`,
    ].join('')
  }

  private extension(of: DescExtension): string {
    const gen = this.imports.typeOf(GEN, 'GenExtension')
    const extended = this.imports.type(of.extendee)
    return `${comment(this.said(of), '')}export const ${nameOf(of)}: ${gen}<${extended}, ${this.typeOf(of)}> = /*@__PURE__*/ ${this.made('extDesc', of)}\n`
  }

  private service(of: DescService): string {
    const gen = this.imports.typeOf(GEN, 'GenService')
    const methods = of.methods.map(method => this.method(method))
    return `${comment(this.said(of), '')}export const ${nameOf(of)}: ${gen}<{\n${methods.join('')}}> = /*@__PURE__*/ ${this.made('serviceDesc', of)}\n`
  }

  private method(of: DescMethod): string {
    return [
      comment(this.said(of), '  '),
      `  ${of.localName}: {\n    methodKind: '${of.methodKind}'\n`,
      `    input: typeof ${this.imports.schema(of.input)}\n    output: typeof ${this.imports.schema(of.output)}\n  }\n`,
    ].join('')
  }

  /** The call that takes a descriptor out of the file's. */
  private made(make: string, of: NamedType): string {
    return `${this.imports.value(GEN, make)}(${[fileName(this.file), ...indexes(of)].join(', ')})`
  }

  private said(of: { readonly proto: object } & Located): string {
    const text = this.comments.get(placeOf(of).join('.')) ?? ''
    return text.replace(/^ /gm, '').trim()
  }
}

type Located = NamedType | DescField | DescOneof | DescMethod | DescEnum['values'][number]

/** The indexes of a type: in its file, or in the messages that it is within. */
function indexes(of: NamedType): number[] {
  if (of.kind === 'service') return [of.file.proto.service.indexOf(of.proto)]
  const { parent } = of
  const lists = parent === undefined ? of.file.proto : parent.proto
  const list =
    of.kind === 'enum'
      ? lists.enumType
      : of.kind === 'extension'
        ? lists.extension
        : 'messageType' in lists
          ? lists.messageType
          : lists.nestedType
  return [...(parent === undefined ? [] : indexes(parent)), (list as object[]).indexOf(of.proto)]
}

/** As google.protobuf.SourceCodeInfo says where something is. */
function placeOf(of: Located): number[] {
  switch (of.kind) {
    case 'service':
      return [6, ...indexes(of)]
    case 'rpc':
      return [...placeOf(of.parent), 2, of.parent.proto.method.indexOf(of.proto)]
    case 'message':
      return within(of, 4, 3)
    case 'enum':
      return within(of, 5, 4)
    case 'extension':
      return within(of, 7, 6)
    case 'enum_value':
      return [...placeOf(of.parent), 2, of.parent.proto.value.indexOf(of.proto)]
    case 'oneof':
      return [...placeOf(of.parent), 8, of.parent.proto.oneofDecl.indexOf(of.proto)]
    case 'field':
      return [...placeOf(of.parent), 2, of.parent.proto.field.indexOf(of.proto)]
  }
}

const within = (of: DescMessage | DescEnum | DescExtension, inFile: number, inMessage: number): number[] =>
  of.parent === undefined ? [inFile, ...indexes(of)] : [...placeOf(of.parent), inMessage, indexes(of).at(-1)!]

const typesOf = (messages: readonly DescMessage[]): DescMessage[] =>
  messages.flatMap(one => [one, ...typesOf(one.nestedMessages)])

const enumsOf = (file: DescFile): DescEnum[] => [
  ...file.enums,
  ...typesOf(file.messages).flatMap(one => one.nestedEnums),
]

const extensionsOf = (file: DescFile): DescExtension[] => [
  ...file.extensions,
  ...typesOf(file.messages).flatMap(one => one.nestedExtensions),
]

const declared = (file: DescFile): string[] => [
  fileName(file),
  ...typesOf(file.messages).flatMap(one => [nameOf(one), schemaName(one)]),
  ...enumsOf(file).flatMap(one => [nameOf(one), schemaName(one)]),
  ...extensionsOf(file).map(nameOf),
  ...file.services.map(nameOf),
]

const LONG: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
  ScalarType.SINT64,
])

const isNumber = (type: ScalarType): boolean => type !== ScalarType.BOOL && !LONG.has(type)

function scalarType(type: ScalarType, of: DescField | DescExtension): string {
  if (type === ScalarType.STRING) return 'string'
  if (type === ScalarType.BOOL) return 'boolean'
  if (type === ScalarType.BYTES) return 'Uint8Array'
  if (LONG.has(type)) return 'longAsString' in of && of.longAsString ? 'string' : 'bigint'
  return 'number'
}
