import {
  create,
  fromBinary,
  toJson,
  type DescField,
  type DescMessage,
  type JsonValue,
  type JsonWriteOptions,
  type Message,
} from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import { INTERNAL } from '../../../http/grpc/status.ts'
import { statusOf, StatusError } from '../call/status.ts'
import type { Surface } from '../inbound.ts'
import type { MessageInput } from '../json/message-input.ts'
import type { HttpRule } from '../rule/http-rule.ts'
import { HTTP_BODY } from './request-message.ts'

/** What a message is in an answer whose bytes have a type of their own. */
export interface RawContent {
  readonly type: string
  readonly bytes: Uint8Array
}

/** Makes bodies of the messages of a rule's method. */
export class AnswerJson {
  private readonly output: DescMessage
  private readonly field: DescField | null
  private readonly surface: Surface
  /** Whether they are `google.api.HttpBody`. */
  readonly isRaw: boolean

  constructor({ method, responseBody }: HttpRule, surface: Surface) {
    this.output = method.output
    this.field = responseBody
    this.surface = surface
    this.isRaw = (responseBody === null ? method.output : responseBody.message)?.typeName === HTTP_BODY
  }

  /** JSON of the message that is from `start` to `end`. */
  text(input: MessageInput, start = 0, end = input.bytes.length): string {
    const { output, field, surface } = this
    try {
      return field === null
        ? surface.texts.text(output, input, start, end)
        : JSON.stringify(this.value(field, input.bytes.subarray(start, end)))
    } catch (cause) {
      throw new StatusError(
        statusOf(INTERNAL, `the backend's message is no ${output.typeName}, or cannot be JSON`),
        { cause },
      )
    }
  }

  /** Of a field that is the body: one that is not there is what it is by default, since a body must be something. */
  private value(field: DescField, bytes: Uint8Array): JsonValue {
    const { writeJson } = this.surface
    const name = writeJson.useProtoFieldName === true ? field.name : field.jsonName
    const of = (message: Message, options: Partial<JsonWriteOptions>) =>
      (toJson(this.output, message, options) as Readonly<Record<string, JsonValue>>)[name]
    return (
      of(fromBinary(this.output, bytes), writeJson) ??
      of(create(this.output), { ...writeJson, alwaysEmitImplicit: true }) ??
      (field.fieldKind === 'message' ? {} : null)
    )
  }

  /** Of one where `isRaw`. */
  raw(bytes: Uint8Array): RawContent {
    const whole = reflect(this.output, fromBinary(this.output, bytes))
    const body = this.field === null ? whole : (whole.get(this.field) as ReflectMessage)
    const type = body.get(body.desc.field['contentType']!) as string
    return {
      type: /^[\t\x20-\x7e]+$/.test(type) ? type : 'application/octet-stream',
      bytes: body.get(body.desc.field['data']!) as Uint8Array,
    }
  }
}
