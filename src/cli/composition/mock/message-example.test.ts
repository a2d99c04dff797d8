// What a mock of gRPC answers: by the types alone, the same always, and whatever types refer to.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf'
import { compileProtos } from '../../../composition/proto/compile.ts'
import { MessageExamples } from './message-example.ts'

const PROTO = `syntax = "proto3"; package a;
import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto"; import "google/protobuf/wrappers.proto"; import "google/protobuf/any.proto";
import "google/protobuf/field_mask.proto";
enum Kind { KIND_UNSPECIFIED = 0; KIND_BIG = 2; }
message Scalars { string s = 1; bytes b = 2; bool t = 3; double d = 4; float f = 5; int32 i = 6; uint64 u = 7;
  sint64 z = 8; fixed64 x = 9; optional sfixed32 y = 10; int64 j = 11 [jstype = JS_STRING]; }
message Kinds { Kind kind = 1; repeated Kind more = 2; map<int32, Kind> by_number = 3; map<bool, string> by_bool = 4; }
message Choice { oneof it { Choice again = 1; string leaf = 2; int32 other = 3; } }
message Tree { string name = 1; Tree parent = 2; repeated Tree children = 3; map<string, Tree> by_name = 4; }
message Known { google.protobuf.Timestamp at = 1; google.protobuf.Duration in = 2; google.protobuf.Struct all = 3;
  google.protobuf.Value one = 4; google.protobuf.StringValue text = 5; google.protobuf.Int64Value long = 6;
  repeated google.protobuf.Int32Value list = 7; google.protobuf.Any any = 8; google.protobuf.FieldMask mask = 9;
  map<string, google.protobuf.Timestamp> times = 10; }
message A0 { A1 a = 1; A1 b = 2; A1 c = 3; A1 d = 4; A1 e = 5; }
message A1 { A2 a = 1; A2 b = 2; A2 c = 3; A2 d = 4; A2 e = 5; }
message A2 { A3 a = 1; A3 b = 2; A3 c = 3; A3 d = 4; A3 e = 5; }
message A3 { A4 a = 1; A4 b = 2; A4 c = 3; A4 d = 4; A4 e = 5; }
message A4 { A5 a = 1; A5 b = 2; A5 c = 3; A5 d = 4; A5 e = 5; }
message A5 { string a = 1; }
`
const registry = compileProtos(['a.proto'], name => (name === 'a.proto' ? PROTO : null))

/** As JSON of protobuf has it, through the bytes. */
function exampleOf(name: string): unknown {
  const schema = registry.getMessage(name) ?? registry.getMessage(`a.${name}`)!
  const bytes = toBinary(schema, create(schema, MessageExamples.of(schema) as never))
  return toJson(schema, fromBinary(schema, bytes))
}

const table: readonly (readonly [name: string, expected: unknown])[] = [
  [
    'Scalars',
    { s: 'text', b: 'ZXhhbXBsZQ==', t: true, d: 0.5, f: 0.5, i: 1, u: '1', z: '1', x: '1', y: 1, j: '1' },
  ],
  ['Kinds', { kind: 'KIND_BIG', more: ['KIND_BIG'], byNumber: { 1: 'KIND_BIG' }, byBool: { true: 'text' } }],
  ['Choice', { leaf: 'text' }],
  ['Tree', { name: 'text' }],
  [
    'Known',
    {
      at: '2026-01-31T12:00:00Z',
      in: '3600s',
      all: { key: 'text' },
      one: 'text',
      text: 'text',
      long: '1',
      list: [1],
      any: {},
      mask: 'text',
      times: { key: '2026-01-31T12:00:00Z' },
    },
  ],
  ['google.protobuf.Struct', { key: 'text' }],
  ['google.protobuf.Timestamp', '2026-01-31T12:00:00Z'],
]

suite('the example of a message', () => {
  for (const [name, expected] of table)
    test(name, () => {
      assert.deepEqual(exampleOf(name), expected)
      assert.deepEqual(exampleOf(name), exampleOf(name))
    })

  test('whose types refer to many others has an end', () => {
    assert.ok(JSON.stringify(exampleOf('A0')).length < 100_000)
  })
})
