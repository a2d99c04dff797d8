import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import {
  array,
  bigInt,
  constant,
  constantFrom,
  double,
  float,
  integer,
  nat,
  oneof,
  string,
  tuple,
  uint8Array,
  type Arbitrary,
} from 'fast-check'

type Bytes = Arbitrary<Uint8Array>

/** How a value is encoded, and such values. */
interface Values {
  readonly wire: WireType
  readonly bytes: Bytes
}

/** Messages in each other are no deeper. */
const MOST_DEPTH = 2

/**
 * Messages of a type in the binary form, of fields in any order and any number: what serializers make, what is merged by who
 * reads it, and some that is broken.
 */
export const wireMessage = (type: DescMessage, depth = 0): Bytes =>
  array(oneof(...type.fields.map(field => fieldOf(field, depth)), unknownField), {
    maxLength: depth === 0 ? 12 : 4,
  }).map(fields => Buffer.concat(fields))

const by = (write: (writer: BinaryWriter) => unknown): Uint8Array => {
  const writer = new BinaryWriter()
  write(writer)
  return writer.finish()
}

const unknownField: Bytes = constantFrom(
  by(writer => writer.tag(9_999, WireType.Varint).uint32(300)),
  by(writer => writer.tag(9_999, WireType.LengthDelimited).string('unknown')),
  by(writer => writer.tag(9_999, WireType.StartGroup).tag(9_999, WireType.EndGroup)),
)

const prefixed = (bytes: Bytes): Bytes => bytes.map(value => by(writer => writer.bytes(value)))

function fieldOf(field: DescField, depth: number): Bytes {
  const tagged = ({ wire, bytes }: Values): Bytes =>
    bytes.map(value => by(writer => writer.tag(field.number, wire).raw(value)))
  const item = itemOf(field, depth)
  if (field.fieldKind === 'map')
    return tagged({ wire: WireType.LengthDelimited, bytes: prefixed(entryOf(scalar(field.mapKey), item)) })
  if (field.fieldKind !== 'list' || item.wire === WireType.LengthDelimited) return tagged(item)
  const packed = prefixed(array(item.bytes, { maxLength: 3 }).map(items => Buffer.concat(items)))
  return oneof(tagged(item), tagged({ wire: WireType.LengthDelimited, bytes: packed }))
}

/** Without a key, without a value, or with two. */
const entryOf = (key: Values, value: Values): Bytes =>
  tuple(key.bytes, value.bytes, nat(9)).map(([one, other, shape]) =>
    by(writer => {
      if (shape !== 0) writer.tag(1, key.wire).raw(one)
      if (shape !== 1) writer.tag(2, value.wire).raw(other)
      if (shape === 2) writer.tag(1, key.wire).raw(one)
      if (shape === 3) writer.tag(2, value.wire).raw(other)
    }),
  )

function itemOf({ message, enum: values, scalar: type }: DescField, depth: number): Values {
  if (message !== undefined) {
    const inner = depth === MOST_DEPTH ? constant(new Uint8Array()) : wireMessage(message, depth + 1)
    return { wire: WireType.LengthDelimited, bytes: prefixed(inner) }
  }
  return scalar(values === undefined ? type : ScalarType.INT32)
}

const int32 = oneof(constantFrom(0, 1, -1, 2), integer())
const uint32 = oneof(nat(3), integer({ min: 0, max: 2 ** 32 - 1 }))
const [most53, most63] = [2n ** 53n, 2n ** 63n]
const int64 = oneof(
  constantFrom(0n, 1n, -1n, most53, most53 - 1n, -most53, -most53 - 1n, most63 - 1n, -most63),
  bigInt({ min: -most63, max: most63 - 1n }),
)
const uint64 = oneof(constantFrom(0n, 1n, most53, most53 - 1n), bigInt({ min: 0n, max: 2n * most63 - 1n }))
/** Minus zero is JSON in two ways. */
const real = (some: Arbitrary<number>): Arbitrary<number> =>
  oneof(constantFrom(0, 1, NaN, Infinity, -Infinity), some).map(value => value + 0)
const text = oneof(
  constantFrom('', 'plain', 'a"b\\c\n\u007f', '\ufeffx', '\ufffd', 'x'.repeat(2_000)),
  string({ unit: 'grapheme' }),
)

function scalar(type: ScalarType): Values {
  const values = <T>(
    wire: WireType,
    some: Arbitrary<T>,
    write: (writer: BinaryWriter, value: T) => unknown,
  ): Values => ({ wire, bytes: some.map(value => by(writer => write(writer, value))) })
  const { Varint, Bit32, Bit64, LengthDelimited } = WireType
  switch (type) {
    case ScalarType.INT32:
      return values(Varint, int32, (writer, value) => writer.int32(value))
    case ScalarType.SINT32:
      return values(Varint, int32, (writer, value) => writer.sint32(value))
    case ScalarType.UINT32:
      return values(Varint, uint32, (writer, value) => writer.uint32(value))
    case ScalarType.FIXED32:
      return values(Bit32, uint32, (writer, value) => writer.fixed32(value))
    case ScalarType.SFIXED32:
      return values(Bit32, int32, (writer, value) => writer.sfixed32(value))
    case ScalarType.INT64:
      return values(Varint, int64, (writer, value) => writer.int64(value))
    case ScalarType.SINT64:
      return values(Varint, int64, (writer, value) => writer.sint64(value))
    case ScalarType.UINT64:
      return values(Varint, uint64, (writer, value) => writer.uint64(value))
    case ScalarType.FIXED64:
      return values(Bit64, uint64, (writer, value) => writer.fixed64(value))
    case ScalarType.SFIXED64:
      return values(Bit64, int64, (writer, value) => writer.sfixed64(value))
    case ScalarType.BOOL:
      return { wire: Varint, bytes: constantFrom([0], [1], [2], [0x80, 0]).map(all => Uint8Array.from(all)) }
    case ScalarType.FLOAT:
      return values(Bit32, real(float()), (writer, value) => writer.float(value))
    case ScalarType.DOUBLE:
      return values(Bit64, real(double()), (writer, value) => writer.double(value))
    case ScalarType.STRING:
      return {
        wire: LengthDelimited,
        bytes: prefixed(
          oneof(
            text.map(one => Buffer.from(one)),
            constant(Uint8Array.from([0xff])),
          ),
        ),
      }
    case ScalarType.BYTES:
      return { wire: LengthDelimited, bytes: prefixed(uint8Array({ maxLength: 5 })) }
  }
}
