import { create } from '@bufbuild/protobuf'
import {
  DescriptorProtoSchema,
  Edition,
  EnumDescriptorProtoSchema,
  EnumOptionsSchema,
  EnumValueOptionsSchema,
  ExtensionRangeOptionsSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProtoSchema,
  FieldDescriptorProto_Type as Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  FileOptionsSchema,
  MessageOptionsSchema,
  MethodDescriptorProtoSchema,
  MethodOptionsSchema,
  OneofOptionsSchema,
  ServiceDescriptorProtoSchema,
  ServiceOptionsSchema,
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  type ServiceDescriptorProto,
} from '@bufbuild/protobuf/wkt'
import { defaultOf } from './default-value.ts'
import type { Place } from './fault.ts'
import { ENUM_LAST, FIELDS_END, readNumber, readRanges, readReserved } from './numbers.ts'
import { readBracketed, readOption, type Holder, type Option } from './options.ts'
import { Reader } from './reader.ts'

/** A name of a type that has been written, and is not known yet. */
export interface TypeReference {
  readonly place: Place
  readonly name: string
  readonly scope: string
  /** What it is of: a field may also name an enum. */
  readonly of: 'field' | 'message'
  /** Given the full name, with its dot. */
  set(typeName: string, isEnum: boolean): void
}

/** A file as it stands by itself: its names of types and its options are not resolved. */
export interface ParsedFile {
  readonly descriptor: FileDescriptorProto
  readonly references: readonly TypeReference[]
  readonly holders: readonly Holder[]
  /** Where each import stands. */
  readonly imports: readonly { readonly place: Place; readonly name: string }[]
}

const SCALARS: Readonly<Record<string, Type>> = {
  double: Type.DOUBLE,
  float: Type.FLOAT,
  int64: Type.INT64,
  uint64: Type.UINT64,
  int32: Type.INT32,
  fixed64: Type.FIXED64,
  fixed32: Type.FIXED32,
  bool: Type.BOOL,
  string: Type.STRING,
  bytes: Type.BYTES,
  uint32: Type.UINT32,
  sfixed32: Type.SFIXED32,
  sfixed64: Type.SFIXED64,
  sint32: Type.SINT32,
  sint64: Type.SINT64,
}

const LABELS: Readonly<Record<string, Label>> = {
  optional: Label.OPTIONAL,
  required: Label.REQUIRED,
  repeated: Label.REPEATED,
}

const EDITIONS: Readonly<Record<string, Edition>> = {
  '2023': Edition.EDITION_2023,
  '2024': Edition.EDITION_2024,
}

/** A .proto file (proto2, proto3 or an edition). Throws a ProtoFault where it is none. */
export const parseProto = (text: string, file: string): ParsedFile => new Parser(text, file).parse()

/** The part of a message that fields are put into: a message, or `extend`. */
interface FieldPlaces {
  readonly scope: string
  readonly fields: FieldDescriptorProto[]
  /** Where a group or the entry of a map is declared. */
  readonly nested: DescriptorProto[]
  /** The names of the fields' numbers, by them; null for extensions. */
  readonly used: Map<number, string> | null
}

class Parser {
  private readonly reader: Reader
  private readonly file: FileDescriptorProto
  private readonly references: TypeReference[] = []
  private readonly holders: Holder[] = []
  private readonly imports: { place: Place; name: string }[] = []
  private syntax: 'proto2' | 'proto3' | 'editions' = 'proto2'

  constructor(text: string, file: string) {
    this.reader = new Reader(text, file)
    this.file = create(FileDescriptorProtoSchema, { name: file, sourceCodeInfo: {} })
  }

  parse(): ParsedFile {
    const { file, reader } = this
    this.readSyntax()
    const options: Option[] = []
    while (reader.next.kind !== 'end') {
      if (reader.accept(';')) continue
      if (reader.accept('package')) {
        file.package = reader.typeName()
        reader.expect(';')
      } else if (reader.accept('import')) this.readImport()
      else if (reader.accept('option')) this.statement(options)
      else if (reader.is('message')) this.addMessage(file.messageType, file.package, [4])
      else if (reader.is('enum')) this.addEnum(file.enumType, file.package, [5])
      else if (reader.is('service')) this.addService()
      else if (reader.is('extend')) this.addExtensions(file.extension, file.messageType, file.package)
      else throw reader.expected('message, enum, service, extend, option or import')
    }
    this.hold(FileOptionsSchema, options, file.package, value => (file.options = value))
    return { descriptor: file, references: this.references, holders: this.holders, imports: this.imports }
  }

  private readSyntax(): void {
    const { reader, file } = this
    if (!reader.is('syntax') && !reader.is('edition')) return
    const isEdition = reader.take().text === 'edition'
    reader.expect('=')
    const place = reader.next
    const said = reader.string(isEdition ? 'an edition' : '"proto2" or "proto3"')
    reader.expect(';')
    if (isEdition) {
      const edition = EDITIONS[said]
      if (edition === undefined)
        throw reader.fault(place, `expected the edition "2023" or "2024", found "${said}"`)
      file.syntax = this.syntax = 'editions'
      file.edition = edition
    } else if (said === 'proto3') file.syntax = this.syntax = 'proto3'
    else if (said !== 'proto2') throw reader.fault(place, `expected "proto2" or "proto3", found "${said}"`)
  }

  private readImport(): void {
    const { reader, file } = this
    const modifier = ['public', 'weak', 'option'].find(one => reader.accept(one))
    const place = reader.next
    const name = reader.string('the name of a file')
    reader.expect(';')
    if (modifier === 'option') file.optionDependency.push(name)
    else {
      if (modifier === 'public') file.publicDependency.push(file.dependency.length)
      if (modifier === 'weak') file.weakDependency.push(file.dependency.length)
      file.dependency.push(name)
    }
    this.imports.push({ place, name })
  }

  private statement(options: Option[]): void {
    options.push(readOption(this.reader))
    this.reader.expect(';')
  }

  private hold(
    schema: Holder['schema'],
    options: readonly Option[],
    scope: string,
    set: (options: never) => void,
  ): void {
    if (options.length > 0) this.holders.push({ schema, options, scope, set: set as Holder['set'] })
  }

  /** What is said of it, for who makes code of it. */
  private comment(said: string, path: readonly number[]): void {
    if (said !== '')
      this.file.sourceCodeInfo!.location.push({
        $typeName: 'google.protobuf.SourceCodeInfo.Location',
        path: [...path],
        span: [],
        leadingComments: `${said}\n`,
        trailingComments: '',
        leadingDetachedComments: [],
      })
  }

  private addMessage(into: DescriptorProto[], scope: string, path: readonly number[]): void {
    const { reader } = this
    const at = [...path, into.length]
    this.comment(reader.expect('message').comment, at)
    const message = create(DescriptorProtoSchema, { name: reader.word('the name of a message') })
    into.push(message)
    this.readMessageBody(message, inScope(scope, message.name), at)
  }

  private readMessageBody(message: DescriptorProto, scope: string, path: readonly number[]): void {
    const { reader } = this
    const options: Option[] = []
    const places: FieldPlaces = { scope, fields: message.field, nested: message.nestedType, used: new Map() }
    reader.expect('{')
    while (!reader.accept('}')) {
      if (reader.accept(';')) continue
      if (reader.is('message') && !this.isField()) this.addMessage(message.nestedType, scope, [...path, 3])
      else if (reader.is('enum') && !this.isField()) this.addEnum(message.enumType, scope, [...path, 4])
      else if (reader.is('extend') && !this.isField())
        this.addExtensions(message.extension, message.nestedType, scope)
      else if (reader.is('option') && !this.isField()) {
        reader.take()
        this.statement(options)
      } else if (reader.is('oneof') && !this.isField()) this.addOneof(message, places, path)
      else if (reader.is('extensions') && !this.isField()) this.readExtensionRanges(message, scope)
      else if (reader.is('reserved') && !this.isField()) readReserved(reader, message, FIELDS_END - 1, 1)
      else this.addField(places, path, null)
    }
    addSyntheticOneofs(message)
    this.hold(MessageOptionsSchema, options, scope, value => (message.options = value))
  }

  /** A keyword that begins a field: `message.Type name = 1` names a type. */
  private isField(): boolean {
    return this.reader.isThen('.')
  }

  private addOneof(message: DescriptorProto, places: FieldPlaces, path: readonly number[]): void {
    const { reader } = this
    const index = message.oneofDecl.length
    this.comment(reader.take().comment, [...path, 8, index])
    const oneof: (typeof message.oneofDecl)[number] = {
      $typeName: 'google.protobuf.OneofDescriptorProto',
      name: reader.word('the name of a oneof'),
    }
    message.oneofDecl.push(oneof)
    const options: Option[] = []
    const before = places.fields.length
    reader.expect('{')
    while (!reader.accept('}')) {
      if (reader.accept(';')) continue
      if (reader.accept('option')) this.statement(options)
      else this.addField(places, path, index)
    }
    if (places.fields.length === before) throw reader.fault(reader.next, `oneof ${oneof.name} has no fields`)
    this.hold(OneofOptionsSchema, options, places.scope, value => (oneof.options = value))
  }

  private addField(places: FieldPlaces, path: readonly number[], oneofIndex: number | null): void {
    const { reader } = this
    const begin = reader.next
    const label = oneofIndex === null ? LABELS[begin.text] : undefined
    if (label !== undefined) reader.take()
    if (label === Label.REQUIRED && this.syntax !== 'proto2')
      throw reader.fault(begin, `${this.syntax} has no required fields`)
    const field = create(FieldDescriptorProtoSchema, {
      label: label ?? Label.OPTIONAL,
      ...(oneofIndex !== null && { oneofIndex }),
    })
    this.comment(begin.comment, [...path, places.used === null ? 6 : 2, places.fields.length])
    const isGroup = reader.is('group') && !this.isField()
    const isMap = reader.is('map') && reader.isThen('<')
    const place = reader.next
    if (isGroup) this.readGroupName(field)
    else if (isMap) this.readMap(field, places, label)
    else this.readType(field, places.scope)
    if (!isGroup) field.name = reader.word('the name of a field')
    if (isMap) nameEntry(field, places)
    reader.expect('=')
    readNumber(reader, field, places.used)
    const options = readBracketed(reader)
    if (isGroup) this.readGroup(field, places, path)
    else reader.expect(';')
    if (label === undefined && oneofIndex === null && this.syntax === 'proto2' && !isMap)
      throw reader.fault(place, 'proto2 wants optional, required or repeated before a field')
    if (label === Label.OPTIONAL && this.syntax === 'proto3') field.proto3Optional = true
    this.fieldOptions(field, options, places.scope)
    places.fields.push(field)
  }

  private readType(field: FieldDescriptorProto, scope: string): void {
    const place = this.reader.next
    const name = this.reader.typeName()
    const scalar = SCALARS[name]
    if (scalar !== undefined) field.type = scalar
    else this.refer(field, place, name, scope)
  }

  private refer(field: FieldDescriptorProto, place: Place, name: string, scope: string): void {
    this.references.push({
      place,
      name,
      scope,
      of: 'field',
      set: (typeName, isEnum) => {
        field.typeName = typeName
        field.type = isEnum ? Type.ENUM : Type.MESSAGE
      },
    })
  }

  private readMap(
    field: FieldDescriptorProto,
    { nested, scope }: FieldPlaces,
    label: Label | undefined,
  ): void {
    const { reader } = this
    if (label !== undefined) throw reader.fault(reader.next, 'a map has no label')
    reader.take()
    reader.expect('<')
    const place = reader.next
    const key = create(FieldDescriptorProtoSchema, {
      name: 'key',
      jsonName: 'key',
      number: 1,
      label: Label.OPTIONAL,
    })
    const value = create(FieldDescriptorProtoSchema, {
      name: 'value',
      jsonName: 'value',
      number: 2,
      label: Label.OPTIONAL,
    })
    const keyType = SCALARS[reader.word('the type of a key')]
    if (keyType === undefined || [Type.DOUBLE, Type.FLOAT, Type.BYTES].includes(keyType))
      throw reader.fault(place, 'the key of a map is a string, a bool or a whole number')
    key.type = keyType
    reader.expect(',')
    this.readType(value, scope)
    reader.expect('>')
    nested.push(create(DescriptorProtoSchema, { field: [key, value], options: { mapEntry: true } }))
    field.label = Label.REPEATED
    field.type = Type.MESSAGE
  }

  private readGroupName(field: FieldDescriptorProto): void {
    const { reader } = this
    if (this.syntax !== 'proto2') throw reader.fault(reader.next, `${this.syntax} has no groups`)
    reader.take()
    field.typeName = reader.word('the name of a group')
    field.name = field.typeName.toLowerCase()
  }

  private readGroup(
    field: FieldDescriptorProto,
    { nested, scope }: FieldPlaces,
    path: readonly number[],
  ): void {
    const group = create(DescriptorProtoSchema, { name: field.typeName })
    nested.push(group)
    field.type = Type.GROUP
    field.typeName = `.${inScope(scope, group.name)}`
    this.readMessageBody(group, inScope(scope, group.name), [...path, 3, nested.length - 1])
  }

  /** `default` and `json_name` are written like options, and are none. */
  private fieldOptions(field: FieldDescriptorProto, options: readonly Option[], scope: string): void {
    field.jsonName = camelCase(field.name)
    const real = options.filter(option => {
      const [{ name, extension }] = option.path as [Option['path'][number]]
      if (extension || option.path.length > 1) return true
      if (name === 'json_name') field.jsonName = defaultOf(option.value.slice(2), Type.STRING)
      else if (name === 'default') field.defaultValue = defaultOf(option.value.slice(2), field.type)
      else return true
      return false
    })
    this.hold(FieldOptionsSchema, real, scope, value => (field.options = value))
  }

  private addExtensions(into: FieldDescriptorProto[], nested: DescriptorProto[], scope: string): void {
    const { reader } = this
    reader.take()
    const place = reader.next
    const name = reader.typeName()
    const first = into.length
    const places: FieldPlaces = { scope, fields: into, nested, used: null }
    reader.expect('{')
    while (!reader.accept('}')) if (!reader.accept(';')) this.addField(places, [], null)
    const added = into.slice(first)
    this.references.push({
      place,
      name,
      scope,
      of: 'message',
      set: typeName => {
        for (const field of added) field.extendee = typeName
      },
    })
  }

  private readExtensionRanges(message: DescriptorProto, scope: string): void {
    const { reader } = this
    reader.take()
    const ranges = readRanges(reader, FIELDS_END - 1, 1).map(([start, end]) => ({
      $typeName: 'google.protobuf.DescriptorProto.ExtensionRange' as const,
      start,
      end,
    }))
    message.extensionRange.push(...ranges)
    const options = readBracketed(reader)
    reader.expect(';')
    for (const range of ranges)
      this.hold(ExtensionRangeOptionsSchema, options, scope, value =>
        Object.assign(range, { options: value }),
      )
  }

  private addEnum(into: EnumDescriptorProto[], scope: string, path: readonly number[]): void {
    const { reader } = this
    const at = [...path, into.length]
    this.comment(reader.expect('enum').comment, at)
    const place = reader.next
    const type = create(EnumDescriptorProtoSchema, { name: reader.word('the name of an enum') })
    into.push(type)
    const options: Option[] = []
    reader.expect('{')
    while (!reader.accept('}')) {
      if (reader.accept(';')) continue
      if (reader.is('option') && !reader.isThen('=')) {
        reader.take()
        this.statement(options)
      } else if (reader.is('reserved') && !reader.isThen('=')) readReserved(reader, type, ENUM_LAST, 0)
      else this.addValue(type, scope, at)
    }
    if (type.value.length === 0) throw reader.fault(place, `enum ${type.name} has no values`)
    if (this.syntax === 'proto3' && type.value[0]!.number !== 0)
      throw reader.fault(place, `the first value of enum ${type.name} has to be 0 in proto3`)
    this.hold(EnumOptionsSchema, options, scope, value => (type.options = value))
  }

  private addValue(type: EnumDescriptorProto, scope: string, path: readonly number[]): void {
    const { reader } = this
    this.comment(reader.next.comment, [...path, 2, type.value.length])
    const name = reader.word('the name of a value')
    reader.expect('=')
    const value: EnumDescriptorProto['value'][number] = {
      $typeName: 'google.protobuf.EnumValueDescriptorProto',
      name,
      number: reader.integer('the number of a value'),
    }
    this.hold(EnumValueOptionsSchema, readBracketed(reader), scope, options => (value.options = options))
    reader.expect(';')
    type.value.push(value)
  }

  private addService(): void {
    const { reader, file } = this
    const at = [6, file.service.length]
    this.comment(reader.take().comment, at)
    const service = create(ServiceDescriptorProtoSchema, { name: reader.word('the name of a service') })
    file.service.push(service)
    const options: Option[] = []
    reader.expect('{')
    while (!reader.accept('}')) {
      if (reader.accept(';')) continue
      if (reader.accept('option')) this.statement(options)
      else if (reader.is('rpc')) this.addMethod(service, at)
      else throw reader.expected('rpc or option')
    }
    const scope = inScope(file.package, service.name)
    this.hold(ServiceOptionsSchema, options, scope, value => (service.options = value))
  }

  private addMethod(service: ServiceDescriptorProto, path: readonly number[]): void {
    const { reader, file } = this
    this.comment(reader.take().comment, [...path, 2, service.method.length])
    const method = create(MethodDescriptorProtoSchema, { name: reader.word('the name of a method') })
    const scope = inScope(file.package, service.name)
    if (this.readMessageOf(scope, name => (method.inputType = name))) method.clientStreaming = true
    reader.expect('returns')
    if (this.readMessageOf(scope, name => (method.outputType = name))) method.serverStreaming = true
    const options: Option[] = []
    if (reader.accept('{')) {
      while (!reader.accept('}')) {
        if (reader.accept(';')) continue
        reader.expect('option')
        this.statement(options)
      }
    } else reader.expect(';')
    service.method.push(method)
    this.hold(MethodOptionsSchema, options, inScope(scope, method.name), value => (method.options = value))
  }

  /** `(stream a.B)`: whether it streams. */
  private readMessageOf(scope: string, set: (typeName: string) => void): boolean {
    const { reader } = this
    reader.expect('(')
    const streams = reader.accept('stream')
    const place = reader.next
    this.references.push({ place, name: reader.typeName(), scope, of: 'message', set })
    reader.expect(')')
    return streams
  }
}

const inScope = (scope: string, name: string): string => (scope === '' ? name : `${scope}.${name}`)

/** As protoc makes the names of JSON. */
const camelCase = (name: string): string =>
  name.replace(/_+([^_]?)/g, (_, letter: string) => letter.toUpperCase())

function nameEntry(field: FieldDescriptorProto, { nested, scope }: FieldPlaces): void {
  const entry = nested.at(-1)!
  const name = camelCase(field.name)
  entry.name = `${name.charAt(0).toUpperCase()}${name.slice(1)}Entry`
  field.typeName = `.${inScope(scope, entry.name)}`
}

/** An optional field of proto3 is alone in a oneof, behind those that are written. */
function addSyntheticOneofs(message: DescriptorProto): void {
  for (const field of message.field) {
    if (!field.proto3Optional) continue
    const names = new Set([...message.field.map(one => one.name), ...message.oneofDecl.map(one => one.name)])
    let name = `_${field.name}`
    while (names.has(name)) name = `X${name}`
    field.oneofIndex = message.oneofDecl.length
    message.oneofDecl.push({ $typeName: 'google.protobuf.OneofDescriptorProto', name })
  }
}
