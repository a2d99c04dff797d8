import { create, fromJson, ScalarType, type DescEnum, type DescMessage } from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import { FieldMaskSchema } from '@bufbuild/protobuf/wkt'
import type { LeafType } from './field-path.ts'

/** A text of a path or query as the value of a field, for ReflectMessage. Throws a TypeError that says what was expected. */
export function textValue(type: LeafType, text: string): unknown {
  switch (type.kind) {
    case 'scalar':
      return scalar(type.scalar, text)
    case 'enum':
      return enumValue(type.enum, text)
    case 'message':
      return message(type.message, text)
  }
}

interface Whole {
  readonly bits: 32 | 64
  readonly signed: boolean
}

const signed = (bits: 32 | 64): Whole => ({ bits, signed: true })
const unsigned = (bits: 32 | 64): Whole => ({ bits, signed: false })

const wholes: Readonly<Partial<Record<ScalarType, Whole>>> = {
  [ScalarType.INT32]: signed(32),
  [ScalarType.SINT32]: signed(32),
  [ScalarType.SFIXED32]: signed(32),
  [ScalarType.UINT32]: unsigned(32),
  [ScalarType.FIXED32]: unsigned(32),
  [ScalarType.INT64]: signed(64),
  [ScalarType.SINT64]: signed(64),
  [ScalarType.SFIXED64]: signed(64),
  [ScalarType.UINT64]: unsigned(64),
  [ScalarType.FIXED64]: unsigned(64),
}

function scalar(type: ScalarType, text: string): unknown {
  const whole = wholes[type]
  if (whole !== undefined) return wholeNumber(whole, text)
  if (type === ScalarType.STRING) return text
  if (type === ScalarType.BOOL) return boolean(text)
  if (type === ScalarType.BYTES) return bytes(text)
  return fraction(type, text)
}

function wholeNumber({ bits, signed: hasSign }: Whole, text: string): number | bigint {
  const name = `a whole number of ${bits} bits${hasSign ? '' : ' without sign'}`
  // Twenty digits have room for any of 64 bits: a longer text is not even read.
  if (!/^-?\d{1,20}$/.test(text)) throw new TypeError(`expected ${name}`)
  const value = BigInt(text)
  if ((hasSign ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) !== value)
    throw new TypeError(`expected ${name}`)
  return bits === 32 ? Number(value) : value
}

function boolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new TypeError('expected true or false')
  return text === 'true'
}

/** Base64 of either alphabet, as JSON has it. */
function bytes(text: string): Uint8Array {
  if (!/^[\w+/-]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1)
    throw new TypeError('expected base64')
  return new Uint8Array(Buffer.from(text, 'base64'))
}

const FRACTION = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i
const LARGEST_FLOAT = 3.4028234663852886e38

function fraction(type: ScalarType, text: string): number {
  if (/^(?:NaN|-?Infinity)$/.test(text)) return Number(text)
  const value = FRACTION.test(text) ? Number(text) : Infinity
  if (Math.abs(value) > (type === ScalarType.FLOAT ? LARGEST_FLOAT : Number.MAX_VALUE))
    throw new TypeError('expected a number')
  return value
}

function enumValue(type: DescEnum, text: string): number {
  const named = type.values.find(({ name }) => name === text)
  if (named !== undefined) return named.number
  const number = /^-?\d{1,10}$/.test(text) ? Number(text) : NaN
  if (Number.isNaN(number) || (number | 0) !== number || (!type.open && type.value[number] === undefined))
    throw new TypeError(`expected one of ${type.values.map(({ name }) => name).join(', ')}`)
  return number
}

function message(type: DescMessage, text: string): ReflectMessage {
  switch (type.typeName) {
    case 'google.protobuf.FieldMask':
      return reflect(FieldMaskSchema, create(FieldMaskSchema, { paths: maskPaths(text) }))
    case 'google.protobuf.Timestamp':
      return textual(type, text, 'a time such as 2026-11-26T10:00:00Z')
    case 'google.protobuf.Duration':
      return textual(type, text, 'a duration such as 1.5s')
    default:
      return wrapped(type, text)
  }
}

function textual(type: DescMessage, text: string, expected: string): ReflectMessage {
  try {
    return reflect(type, fromJson(type, text))
  } catch (cause) {
    throw new TypeError(`expected ${expected}`, { cause })
  }
}

/** JSON has them in lowerCamelCase; many clients send the names of the .proto file, and no name can mean both. */
function maskPaths(text: string): string[] {
  if (text === '') return []
  // All that there is (AIP-134), as in JSON.
  if (text === '*') return ['*']
  return text.split(',').map(path => {
    if (!/^[a-z]\w*(?:\.[a-z]\w*)*$/i.test(path))
      throw new TypeError('expected names of fields, parted by commas')
    return path.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
  })
}

/** The wrappers have one field, `value`. */
function wrapped(type: DescMessage, text: string): ReflectMessage {
  const field = type.fields[0]!
  const wrapper = reflect(type)
  wrapper.set(field, scalar(field.scalar!, text))
  return wrapper
}
