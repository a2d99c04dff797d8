// `portcullis composition gen` of gRPC: from .proto files, descriptor sets and servers, and what the compiler makes of it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { create, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema, type FileDescriptorProto } from '@bufbuild/protobuf/wkt'
import { registryOfProtos } from '../../src/composition/grpc/descriptors.ts'
import { CompositionFolder } from '../support/composition-folder.ts'
import { ReflectingServer } from '../support/grpc-reflection.ts'
import { Folder } from '../support/process.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const shop = join(root, 'test/support/fixtures/shop')
const golden = readFileSync(join(shop, 'shop_pb.ts'), 'utf8')

const said = (set: readonly FileDescriptorProto[]) =>
  toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...set] }))

/** What protoc's own files have, as `buf build` and `protoc --include_imports` put them. */
const shopFiles = [...registryOfProtos(['shop.proto'], [shop]).files].map(file => file.proto)

async function gen(cwd: string, ...args: readonly string[]) {
  const child = spawn(join(root, 'bin/portcullis'), ['composition', 'gen', ...args], { cwd })
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ])
  return { status, stdout, stderr }
}

suite('gen of gRPC', () => {
  test('makes the same module of a .proto file, a descriptor set and a server', async () => {
    using folder = new Folder({})
    writeFileSync(join(folder.path, 'shop.binpb'), said(shopFiles))
    const ok = { status: 0, stdout: '', stderr: '' }
    assert.deepEqual(await gen(folder.path, '-I', shop, join(shop, 'shop.proto'), '-o', 'a'), ok)
    assert.deepEqual(await gen(folder.path, 'shop.binpb', '-o', 'b'), ok)
    for (const version of ['v1', 'v1alpha'] as const) {
      await using server = await ReflectingServer.start(shopFiles, version)
      assert.deepEqual(await gen(folder.path, `grpc://127.0.0.1:${server.port}`, '-o', version), ok)
    }
    const made = ['a', 'b', 'v1', 'v1alpha'].map(one =>
      readFileSync(join(folder.path, one, 'shop_pb.ts'), 'utf8'),
    )
    assert.deepEqual(made, [golden, golden, golden, golden])
  })

  test('prints one module, and wants a folder for several', async () => {
    assert.deepEqual(await gen(shop, 'shop.proto'), { status: 0, stdout: golden, stderr: '' })
    using folder = new Folder({
      'a.proto': 'syntax = "proto3"; import "b.proto";',
      'b.proto': 'syntax = "proto3";',
    })
    const { status, stderr } = await gen(folder.path, 'a.proto')
    assert.equal(status, 2)
    assert.match(stderr, /2 modules are made \(b_pb\.ts, a_pb\.ts\), expected -o FOLDER/)
  })

  test('tells what is wrong with its line, or why there is nothing', async () => {
    using folder = new Folder({ 'a.proto': 'syntax = "proto3";\nmessage M { X a = 1; }', 'a.binpb': 'no' })
    assert.deepEqual(await gen(folder.path, 'a.proto', '-o', '.'), {
      status: 1,
      stdout: '',
      stderr: 'a.proto:2:13: no type is called X\n',
    })
    assert.match((await gen(folder.path, 'a.binpb', '-o', '.')).stderr, /a\.binpb is no descriptor set/)
    assert.match((await gen(folder.path, 'b.proto', '-o', '.')).stderr, /b\.proto does not exist/)
    assert.match((await gen(folder.path, 'grpc://127.0.0.1:1', '-o', '.')).stderr, /connection_refused/)
  })

  for (const [what, change] of [
    ['a file that is elsewhere', { name: '../shop.proto' }],
    ['a file that is code', { name: "shop'; evil()//.proto" }],
    ['a package that is code', { package: "shop'; evil()//" }],
  ] as const)
    test(`writes no ${what}, whatever a server says`, async () => {
      using folder = new Folder({})
      const last = shopFiles.at(-1)!
      const changed = { ...last, messageType: [], service: [], ...change }
      writeFileSync(join(folder.path, 'x.binpb'), said([...shopFiles.slice(0, -1), changed]))
      const { status, stderr } = await gen(folder.path, 'x.binpb', '-o', 'out')
      assert.equal(status, 1)
      assert.match(stderr, /cannot be the name of a/)
    })

  test('makes modules that compile, whatever types are called', async () => {
    const proto = `syntax = "proto2"; package a;
import "google/protobuf/struct.proto"; import "google/protobuf/wrappers.proto"; import "b.proto";
message Message { optional string string = 1 [default = "x"]; enum Type { A = 0; } optional Type type = 2; }
message Object { optional b.Message other = 1; repeated google.protobuf.Struct structs = 2; map<int64, Message> map = 3; }
message Wrapped { optional google.protobuf.Int64Value long = 1; oneof o { google.protobuf.StringValue s = 2; bool b = 3; }
  extensions 10 to 20; repeated group Grp = 5 { required int64 id = 1 [jstype = JS_STRING]; } }
extend Wrapped { optional bytes bytes = 10; repeated Message more = 11; }
service delete { rpc constructor(Message) returns (b.Message); }`
    const other =
      'edition = "2023"; package b; message Message { Kind kind = 1; enum Kind { KIND_A = 0; KIND_B = 1; } }'
    using folder = new CompositionFolder({ 'a.proto': proto, 'b.proto': other })
    assert.deepEqual(await gen(folder.path, 'a.proto', '-o', '.'), { status: 0, stdout: '', stderr: '' })
    folder.write(
      'use.ts',
      `import { create, toBinary, fromBinary, setExtension, getExtension } from '@bufbuild/protobuf'
import { MessageSchema, ObjectSchema, WrappedSchema, bytes } from './a_pb.ts'
import { Message_Kind } from './b_pb.ts'
const wrapped = create(WrappedSchema, { long: 5n, o: { case: 'b', value: true }, grp: [{ id: '7' }] })
setExtension(wrapped, bytes, Uint8Array.of(1))
const read = fromBinary(WrappedSchema, toBinary(WrappedSchema, wrapped))
const object = create(ObjectSchema, { other: { kind: Message_Kind.B }, structs: [{ a: 1 }], map: { '5': { string: 'y' } } })
console.log(read.long, read.o.case, read.grp[0]?.id, getExtension(read, bytes)[0], object.map['5']?.string, create(MessageSchema).string)
`,
    )
    assert.equal(folder.compile(), '')
    assert.deepEqual(folder.run('use.ts'), { status: 0, output: '5n b 7 1 y x\n' })
  })
})
