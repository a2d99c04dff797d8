import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { getOption, type DescExtension, type FileRegistry } from '@bufbuild/protobuf'
import { compileProtos } from './compile.ts'
import { ProtoFault } from './fault.ts'

const compiled = (files: Readonly<Record<string, string>>, ...names: readonly string[]): FileRegistry =>
  compileProtos(names.length === 0 ? Object.keys(files) : names, name => files[name] ?? null)

const proto3 = (text: string) => ({ 'a.proto': `syntax = "proto3";\npackage a.b;\n${text}` })

suite('a .proto file', () => {
  test('has comments within the braces of an option', () => {
    const text = (remark: (text: string) => string) =>
      proto3(`import "google/api/annotations.proto"; message M { string a = 1; }
service S { rpc Get (M) returns (M) { option (google.api.http) = {
  ${remark('// A way. }')}
  get: "/v1/{a=x//*}"${remark('/* and " another */')}additional_bindings { get: "/v2/{a}" ${remark('// one more')}
  }
}; } }`)
    const optionsOf = (remark: (text: string) => string) =>
      JSON.stringify(compiled(text(remark)).getService('a.b.S')!.methods[0]!.proto.options)
    assert.equal(
      optionsOf(one => one),
      optionsOf(() => '\n'),
    )
  })

  test('has messages, enums, maps, oneofs and services', () => {
    const registry = compiled(
      proto3(`import "google/protobuf/timestamp.proto";
enum Tier { NONE = 0; GOLD = 1; reserved 5 to 9, 20 to max; }
// A book.
message Book {
  string the_name = 1;
  optional int32 pages = 2;
  map<string, Author> authors = 3;
  oneof price { double euros = 4; string on_request = 5; }
  google.protobuf.Timestamp printed = 6;
  repeated Tier tiers = 7 [json_name = "levels"];
  message Author { string name = 1; }
}
service Shop {
  rpc Get (Book.Author) returns (Book);
  rpc Watch (Book) returns (stream .a.b.Book) {}
  rpc Add (stream Book) returns (Book);
}`),
    )
    const book = registry.getMessage('a.b.Book')!
    assert.deepEqual(
      book.fields.map(({ name, jsonName, fieldKind, oneof }) => [name, jsonName, fieldKind, oneof?.name]),
      [
        ['the_name', 'theName', 'scalar', undefined],
        ['pages', 'pages', 'scalar', undefined],
        ['authors', 'authors', 'map', undefined],
        ['euros', 'euros', 'scalar', 'price'],
        ['on_request', 'onRequest', 'scalar', 'price'],
        ['printed', 'printed', 'message', undefined],
        ['tiers', 'levels', 'list', undefined],
      ],
    )
    const shop = registry.getService('a.b.Shop')!
    assert.deepEqual(
      shop.methods.map(({ name, methodKind, input }) => [name, methodKind, input.typeName]),
      [
        ['Get', 'unary', 'a.b.Book.Author'],
        ['Watch', 'server_streaming', 'a.b.Book'],
        ['Add', 'client_streaming', 'a.b.Book'],
      ],
    )
  })

  test('has options of google.api.http, without the file that declares it', () => {
    const registry = compiled(
      proto3(`import "google/api/annotations.proto";
message M { string name = 1; }
service S { rpc Get(M) returns (M) {
  option (google.api.http) = { get: "/v1/{name=tiers/*}" additional_bindings { post: "/v1" body: "*" } };
} }`),
    )
    const method = registry.getService('a.b.S')!.methods[0]!
    const rule = getOption(method, registry.getExtension('google.api.http') as DescExtension) as unknown as {
      readonly pattern: { readonly case: string; readonly value: string }
      readonly additionalBindings: readonly { readonly body: string }[]
    }
    assert.deepEqual([rule.pattern.value, rule.additionalBindings[0]?.body], ['/v1/{name=tiers/*}', '*'])
  })

  test('of proto2 has labels, groups, extensions and defaults', () => {
    const registry = compiled({
      'o.proto': `syntax = "proto2"; package o;
message A {
  required string a = 1 [default = "x\\"\\303\\251" "y"];
  optional float f = 2 [default = -1.5e3];
  optional int64 h = 3 [default = 0x10];
  optional group Grp = 4 { optional int32 g = 1; }
  extensions 100 to max;
}
extend A { repeated string tags = 100; }`,
    })
    const defaults = registry
      .getMessage('o.A')!
      .fields.map(field => (field.fieldKind === 'scalar' ? field.getDefaultValue() : field.fieldKind))
    assert.deepEqual(defaults, ['x"éy', -1500, 16n, 'message'])
    assert.equal(registry.getExtension('o.tags')?.extendee.typeName, 'o.A')
  })

  test('finds names as the language does: from within, and publicly imported ones', () => {
    const registry = compiled(
      {
        'a.proto':
          'syntax = "proto3"; package x.y; import "b.proto"; message M { z.N n = 1; N own = 2; message N {} }',
        'b.proto': 'syntax = "proto3"; package x; import public "c.proto";',
        'c.proto': 'syntax = "proto3"; package x.z; message N {}',
      },
      'a.proto',
    )
    assert.deepEqual(
      registry.getMessage('x.y.M')!.fields.map(field => field.message?.typeName),
      ['x.z.N', 'x.y.M.N'],
    )
  })

  for (const [what, files, said] of [
    ['a missing semicolon', proto3('message M { string a = 1 }'), /^a\.proto:3:26: expected ";", found "}"/],
    ['an unknown type', proto3('message M { Nothing a = 1; }'), /a\.proto:3:13: no type is called Nothing/],
    [
      'a number twice',
      proto3('message M { string a = 1; string b = 1; }'),
      /3:38: the number 1 of "b" is that of "a"/,
    ],
    ['no number of a field', proto3('message M { string a = 19500; }'), /3:24: 19500 cannot be the number/],
    ['required in proto3', proto3('message M { required string a = 1; }'), /3:13: proto3 has no required/],
    [
      'an enum that does not begin with 0',
      proto3('enum E { A = 1; }'),
      /3:6: the first value of enum E has to be 0/,
    ],
    ['an unknown option', proto3('option (nothing) = 1;'), /3:8: no option \(nothing\) is known/],
    ['an option of another type', proto3('option deprecated = 1.5;'), /3:8: the option cannot be read/],
    ['an import of nothing', proto3('import "b.proto";'), /3:8: b\.proto cannot be found/],
    ['an import of itself', proto3('import "a.proto";'), /3:8: a\.proto imports itself/],
    ['an unended comment', proto3('/* a'), /3:1: "\/" is nothing/],
    ['a message as the end of a file', proto3('message M {'), /3:12: .*the end of the file/],
    [
      'an enum as a request',
      proto3('enum E { A = 0; } service S { rpc M(E) returns (E); }'),
      /a\.b\.E is no message/,
    ],
    [
      'what is not imported',
      { 'b.proto': 'syntax = "proto3"; message B {}', ...proto3('message M { B b = 1; }') },
      /B is declared in b\.proto, which is not imported/,
    ],
  ] as const)
    test(`says where it is wrong: ${what}`, () =>
      assert.throws(
        () => compiled(files),
        (error: Error) => {
          assert.ok(error instanceof ProtoFault)
          assert.match(error.message, said)
          return true
        },
      ))
})
