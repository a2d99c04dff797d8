import assert from 'node:assert/strict'
import { once } from 'node:events'
import { suite, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import {
  create,
  fromBinary,
  ScalarType,
  toBinary,
  toJsonString,
  type DescMessage,
  type JsonWriteOptions,
  type MessageInitShape,
} from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { assert as holds, integer, nat, property, tuple } from 'fast-check'
import { exampleOf } from '../../../../test/support/library.ts'
import { wireMessage } from '../../../../test/support/wire-messages.ts'
import { compileProtos } from '../../proto/compile.ts'
import { MessageInput } from './message-input.ts'
import { MessageTexts } from './message-texts.ts'
import { MessageType } from './message-type.ts'

const scalars = Object.values(ScalarType)
  .filter(name => typeof name === 'string')
  .map(name => name.toLowerCase())
const keys = scalars.filter(name => !/float|double|bytes/.test(name))
/** A field of each type. */
const each = (from: number, label: string, types = scalars): string =>
  types.map((type, i) => `${label} ${type} ${label}_${type} = ${from + i};`).join('\n')

const registry = exampleOf(`
  import "google/protobuf/any.proto"; import "google/protobuf/struct.proto";
  import "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto";
  enum Kind { NONE = 0; SOME = 1; MINUS = -1; }
  message Plain { ${each(1, '').replaceAll(' _', ' a_')} ${each(51, 'optional')} ${each(3_001, 'repeated')} }
  message Nothing {}
  message All {
    ${each(1, '').replaceAll(' _', ' a_')} ${each(51, 'optional')} ${each(3_001, 'repeated')}
    oneof one { ${each(101, '').replaceAll(' _', ' one_')} All one_all = 130; Kind one_kind = 131; }
    ${keys.map((key, i) => `map<${key}, ${scalars[i]!}> map_${key} = ${201 + i};`).join('\n')}
    map<string, All> map_all = 230; map<int32, Kind> map_kind = 231;
    Kind kind = 501; repeated Kind kinds = 502; optional Kind some_kind = 503;
    All all = 504; repeated All alls = 505 [json_name = "@\\"all\\""];
    string a_long_name = 506 [json_name = "__proto__"]; repeated int32 apart = 507 [packed = false];
    Nothing nothing = 508;
    google.protobuf.Timestamp at = 510; google.protobuf.Value value = 511; google.protobuf.NullValue nil = 512;
    repeated google.protobuf.StringValue wrapped = 513; google.protobuf.Any any = 514;
    map<bool, google.protobuf.Struct> structs = 515;
  }`)
const old = compileProtos(['old.proto'], name =>
  name !== 'old.proto'
    ? null
    : `syntax = "proto2"; package old;
  enum Closed { ONE = 1; TWO = 2; }
  message Old {
    ${each(1, 'optional')} optional int32 seven = 60 [default = 7]; ${each(536_870_890, 'repeated')}
    optional Closed closed = 61 [default = TWO]; repeated Closed list = 62; repeated Closed packed = 63 [packed = true];
    map<string, Closed> map = 64; oneof one { Closed a = 65; string b = 66; Old c = 67; }
    optional Required required = 68; optional group Grouped = 69 { optional int32 a = 1; }
    optional Extended extended = 70; optional Clashing clashing = 71; optional int64 text = 72 [jstype = JS_STRING];
  }
  message Required { required int32 a = 1; optional Old old = 2; }
  message Extended { optional int32 a = 1; extensions 100 to 199; }
  message Clashing { optional int32 foo_bar = 1; optional int32 fooBar = 2; optional string x = 3 [json_name = "foo_bar"]; }`,
)
const typeOf = (name: string): DescMessage => registry.getMessage(`example.${name}`)!
const all = typeOf('All')

const SETTINGS: readonly Partial<JsonWriteOptions>[] = [
  { registry },
  { registry, alwaysEmitImplicit: true, enumAsInteger: true, useProtoFieldName: true },
]

/** Null: it is refused. */
const told = <T>(make: () => T): T | null => {
  try {
    return make()
  } catch {
    return null
  }
}

const parsed = (text: string): readonly unknown[] => [JSON.parse(text)]

/** Members of a map have no order. */
function agrees(type: DescMessage, bytes: Uint8Array): void {
  for (const options of SETTINGS)
    assert.deepEqual(
      told(() => parsed(new MessageTexts(options).text(type, new MessageInput(bytes)))),
      told(() => parsed(toJsonString(type, fromBinary(type, bytes), options))),
    )
}

suite('JSON of a message in the binary form', () => {
  for (const type of [all, old.getMessage('old.Old')!])
    test(`is what the library makes of it: ${type.typeName}`, () => {
      holds(
        property(wireMessage(type), bytes => {
          agrees(type, bytes)
          const again = told(() => toBinary(type, fromBinary(type, bytes)))
          if (again !== null) agrees(type, again)
        }),
        { numRuns: 2_000 },
      )
    })

  test('is refused where the library refuses it: broken and cut short', () => {
    holds(
      property(
        wireMessage(all),
        tuple(nat(), nat(255)),
        integer({ min: 1, max: 20 }),
        (bytes, [at, to], cut) => {
          const broken = Buffer.from(bytes)
          if (broken.length > 0) broken[at % broken.length] = to
          agrees(all, broken)
          agrees(all, bytes.subarray(0, Math.max(0, bytes.length - cut)))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('is of one message among others', () => {
    const [one, other] = ['one', 'ö'].map(text => toBinary(all, create(all, { aString: text } as never)))
    const texts = new MessageTexts({})
    const input = new MessageInput(Buffer.concat([one!, other!]))
    assert.deepEqual(
      [
        texts.text(all, input, 0, one!.length),
        texts.text(all, input, one!.length, one!.length + other!.length),
      ],
      ['{"aString":"one"}', '{"aString":"ö"}'],
    )
  })

  test('keeps the sign of zero', () => {
    const bytes = toBinary(all, create(all, { aDouble: -0, aFloat: -0 } as never))
    const text = new MessageTexts({}).text(all, new MessageInput(bytes))
    assert.deepEqual(JSON.parse(text), { aDouble: -0, aFloat: -0 })
  })

  // Else nothing here says that it is not all written by the library.
  test('of what serializers make is not left to the library', () => {
    const type = typeOf('Plain')
    const own = new MessageType(type, {}, () => assert.fail('it has no messages'))
    const init = {
      aString: 'text',
      aInt32: -1,
      aInt64: -5n,
      aUint64: 2n ** 64n - 1n,
      aDouble: 1.5,
      aBool: true,
      aBytes: Buffer.from('abc'),
      optionalString: '',
      optionalInt32: 0,
      repeatedInt32: [1, 2, 3],
      repeatedString: ['a', 'ü', ''],
      repeatedFloat: [NaN],
    } as MessageInitShape<DescMessage>
    const bytes = toBinary(type, create(type, init))
    assert.equal(
      own.whole(new MessageInput(bytes), 0, bytes.length),
      toJsonString(type, fromBinary(type, bytes)),
    )
  })

  // In `all`, and in those a google.protobuf.Value, in which there are lists of Values.
  for (const outer of [0, 60, 97, 98, 99, 100, 101, 5_000])
    for (const inner of [0, 1, 2, 30, 45])
      test(`of ${outer} messages in each other and ${inner} lists in them ends where the library ends`, () => {
        let bytes: Uint8Array = new Uint8Array()
        const wrap = (number: number): void => {
          bytes = new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(bytes).finish()
        }
        for (let i = 0; i < inner; i++) {
          wrap(1)
          wrap(6)
        }
        if (inner > 0) wrap(511)
        for (let i = 0; i < outer; i++) wrap(504)
        agrees(all, bytes)
      })

  test('of strings at the borders of what is read at once is exact', () => {
    const texts = new MessageTexts({})
    for (const length of [0, 1, 511, 512, 513, 4_095, 4_096, 4_097])
      for (const before of [0, 1, 3_500, 3_583, 3_584, 3_585, 4_094, 9_000]) {
        const repeatedString = ['b'.repeat(before), 'x'.repeat(length), 'end', 'ö', 'z'.repeat(300)]
        const bytes = toBinary(all, create(all, { repeatedString } as never))
        assert.deepEqual(JSON.parse(texts.text(all, new MessageInput(bytes))), { repeatedString })
      }
  })

  test('of a list of millions takes no more memory than the library', async () => {
    // An engine that has 128 MB; a text of parts of each other would be 268.
    const worker = new Worker(new URL('../../../../test/support/long-list.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    })
    const [characters] = (await once(worker, 'message')) as [number]
    assert.equal(characters, '{"list":[]}'.length + 2 * 4_000_000 - 1)
    await worker.terminate()
  })
})
