import { admin } from '../command/flags.ts'
import { ipAddress, portNumber } from '../command/values.ts'
import { isOfGrpc } from './proto/source.ts'
import { UsageError, type Command, type CommandGroup, type Flag } from '../command/flag.ts'

const file: Flag<string> = {
  name: 'output',
  short: 'o',
  placeholder: 'FILE|FOLDER',
  fallback: '',
  help: 'The file to write, over what is there, or of gRPC the folder; where absent, the types are printed.',
  parse: text => text,
}

const include: Flag<readonly string[]> = {
  name: 'include',
  short: 'I',
  placeholder: 'FOLDER',
  fallback: '',
  many: true,
  help: 'A folder below which .proto files and their imports are; where absent, this one, and those of the files.',
  parse: text => (text === '' ? [] : text.split('\n')),
}

const gen: Command = {
  name: 'composition gen',
  operands: '[FILE…|URL|-]',
  summary: 'Make the TypeScript types of backends, from OpenAPI, .proto files or what a server says.',
  details: [
    'Without FILE, of all that is in the folder contracts: contracts/users.yaml is of the backend users, and becomes .portcullis/users.d.ts; contracts/shop/v1/shop.proto becomes .portcullis/shop/v1/shop_pb.ts, as do descriptor sets there. The compiler is told in .portcullis/tsconfig.json where portcullis/composition is.',
    'The document is OpenAPI 3.0 or 3.1, YAML or JSON. Made of it is an interface `paths`, as openapi-typescript writes it, by which `rest<paths>()` of a composition types its calls: a call that the document does not have, or whose result is used as something else, does not compile.',
    'Of gRPC, FILE… are .proto files, or one descriptor set (.binpb, .pb, .desc or .protoset) of buf or protoc; grpc://HOST:PORT (or grpcs://) is a server with reflection. Made of each file is a module as protoc-gen-es makes it, users/v1/users_pb.ts of users/v1/users.proto, which needs @bufbuild/protobuf; `grpc(Users, …)` takes its services.',
    'The same document makes the same types. What a document refers to in other files is part of it (keep them in a folder below contracts); at other addresses it is `unknown`, and told.',
    'The exit code is 0, or 1 where the document has a fault, which is told with its line.',
  ],
  examples: [
    'portcullis composition gen',
    'portcullis composition gen users.yaml -o users.d.ts',
    'portcullis composition gen https://users.example/openapi.json -o users.d.ts',
    'portcullis composition gen -I protos protos/shop/v1/shop.proto -o .portcullis',
    'portcullis composition gen grpc://127.0.0.1:50051 -o .portcullis',
  ],
  flags: [file, include],
  run: async given => {
    const [source, ...more] = given.operands
    if (source !== undefined && isOfGrpc(source)) {
      const { generateModules } = await import('./proto/generate.ts')
      return generateModules(given.operands, given.get(file), given.get(include))
    }
    if (more.length > 0 || (source === undefined && given.has(file)))
      throw new UsageError(
        'composition gen: expected one FILE or URL, such as: portcullis composition gen users.yaml',
      )
    const { generate, generateFolder } = await import('./gen.ts')
    return source === undefined ? generateFolder('.') : generate(source, given.get(file))
  },
}

const create: Command = {
  name: 'composition new',
  operands: 'NAME',
  summary: 'Make a folder with a composition that runs, and its test.',
  details: [
    'In it are the OpenAPI documents of two backends, a route that merges what they answer (one call depends on another, one may fail), its test, and the resources that serve it.',
  ],
  examples: ['portcullis composition new shop && cd shop && portcullis composition test'],
  flags: [],
  run: async given => {
    const [folder, ...more] = given.operands
    if (folder === undefined || more.length > 0)
      throw new UsageError('composition new: expected one NAME, such as: portcullis composition new shop')
    const { newComposition } = await import('./new/new.ts')
    return newComposition(folder)
  },
}

const test: Command = {
  name: 'composition test',
  operands: '[FILE…]',
  summary: 'Check the types of a composition, and run its tests.',
  details: [
    'Makes the types of contracts/ again, has the TypeScript compiler check the folder where one is installed, and runs *.test.ts, or FILE…, by the test runner of Node.js. portcullis/composition in them is that of this program: nothing need be installed.',
    'The exit code is 0, or 1 where a contract, a type or a test is wrong.',
  ],
  flags: [],
  run: async given => {
    const { testComposition } = await import('./test.ts')
    return testComposition(given.operands)
  },
}

const host: Flag<string> = {
  name: 'host',
  placeholder: 'ADDRESS',
  fallback: '127.0.0.1',
  help: 'The address to listen on.',
  parse: ipAddress,
}

const port: Flag<number> = {
  name: 'port',
  short: 'p',
  placeholder: 'PORT',
  fallback: '9101',
  help: 'The port of the first contract; the others have the next ones. 0: whichever are free.',
  parse: portNumber,
}

const mock: Command = {
  name: 'composition mock',
  operands: '[FILE…|URL]',
  summary: 'Serve backends by their contracts alone: OpenAPI documents, and services of gRPC.',
  details: [
    'Of what is in the folder contracts, or of FILE…, each on a port of its own, in the order of their names. What has no example is made of its schema: the same document answers the same, always.',
    'A client has another answer by the field Prefer (code=404, example=NAME), or by ?__code=404 and ?__example=NAME.',
    'Services of .proto files, descriptor sets and servers (grpc://HOST:PORT) that have reflection are served by gRPC, HTTP/2 without TLS, and say by reflection what they are. Messages are made of their types: three of a stream, or one for each that comes. Metadata prefer: code=not_found has the call fail.',
  ],
  examples: [
    'portcullis composition mock',
    'portcullis composition mock contracts/stock/v1/stock.proto --port 9002',
    "curl -H 'Prefer: code=404' http://127.0.0.1:9102/users/7",
  ],
  flags: [port, host],
  run: async given => {
    const { mock: serve } = await import('./mock/command.ts')
    return serve(given.operands, { host: given.get(host), port: given.get(port) })
  },
}

const outDir: Flag<string> = {
  name: 'output',
  short: 'o',
  placeholder: 'DIR',
  fallback: 'dist',
  help: 'The folder for what is made, over what is there.',
  parse: text => text,
}

const build: Command = {
  name: 'composition build',
  operands: '[FILE]',
  summary: 'Make one file of a composition, with its manifest and OpenAPI document.',
  details: [
    'FILE is the module that exports the gateway; where it is left out, the only *.gateway.ts of the folder. Made of it are NAME.gateway.mjs, in which is all that it imports but portcullis/composition and typebox, NAME.manifest.json (routes, backends, rules) and NAME.openapi.json.',
    'The same files make the same bytes. It needs rolldown, which npm install brings in a folder of composition new.',
  ],
  examples: ['portcullis composition build', 'portcullis composition build shop.gateway.ts -o out'],
  flags: [outDir],
  run: async given => {
    if (given.operands.length > 1)
      throw new UsageError(
        'composition build: expected one FILE, such as: portcullis composition build shop.gateway.ts',
      )
    const { buildComposition } = await import('./build.ts')
    return buildComposition(given.operands, given.get(outDir))
  },
}

const page: Flag<number> = {
  name: 'page',
  placeholder: 'PORT',
  fallback: '8910',
  help: 'The port of the page that shows requests, on loopback. 0: whichever is free.',
  parse: portNumber,
}

const dev: Command = {
  name: 'composition dev',
  operands: '[PATH…]',
  summary: 'Serve a composition while it is written, and show what its requests call.',
  details: [
    'A gateway serves PATH (./portcullis where it is left out) as portcullis run does, and takes what is saved at once: requests under way finish by the code with which they began. Backends of contracts/ (OpenAPI documents and services of gRPC) that a Backend of that name has on this machine, and to which nobody listens, are mocks, which follow their contracts.',
    'Each request is shown with its calls as a waterfall, here and on a page.',
  ],
  examples: ['portcullis composition dev'],
  flags: [page, admin],
  run: async given => {
    const { dev: serve } = await import('./dev/dev.ts')
    return serve({ paths: given.operands, page: given.get(page), admin: given.get(admin) })
  },
}

const fixtures: Flag<string> = {
  name: 'output',
  short: 'o',
  placeholder: 'FOLDER',
  fallback: 'fixtures',
  help: 'The folder for what is recorded. What is asked again takes the place of what is there.',
  parse: text => text,
}

const hide: Flag<readonly string[]> = {
  name: 'hide',
  placeholder: 'NAME',
  fallback: '',
  many: true,
  help: 'A field, parameter or member of JSON whose value is in no fixture, wherever it stands.',
  parse: text => (text === '' ? [] : text.split('\n')),
}

const record: Command = {
  name: 'composition record',
  operands: '[PATH…]',
  summary: 'Record what backends answer to a composition, for its tests.',
  details: [
    'A gateway serves PATH (./portcullis where it is left out) as portcullis run does, with the backends that are there. Each call of a composition that is answered becomes a file, FOLDER/BACKEND/….json, until Ctrl-C ends it. `t.replay(FOLDER)` of the test kit answers by them.',
    'In no fixture are fields of requests, and of answers none that carry credentials (Authorization, Cookie, Set-Cookie, Proxy-Authorization, X-API-Key), nor what --hide names. Look through them before they are kept: what backends say of people is in them.',
  ],
  examples: [
    'portcullis composition record',
    'portcullis composition record --hide email --hide token -o fixtures',
  ],
  flags: [fixtures, hide, admin],
  run: async given => {
    const { record: serve } = await import('./record.ts')
    return serve({
      paths: given.operands,
      output: given.get(fixtures),
      hidden: given.get(hide),
      admin: given.get(admin),
    })
  },
}

/** `portcullis composition`. */
export const composition: CommandGroup = {
  name: 'composition',
  summary: 'For APIs that are composed in TypeScript:',
  commands: [create, dev, gen, test, mock, record, build],
}
