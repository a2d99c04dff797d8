import {
  create,
  fromBinary,
  toJson,
  type DescField,
  type DescMessage,
  type JsonValue,
} from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import { INTERNAL } from '../../../http/grpc/status.ts'
import { statusOf, StatusError } from '../call/status.ts'
import type { Surface } from '../inbound.ts'
import type { HttpRule } from '../rule/http-rule.ts'
import { HTTP_BODY } from './request-message.ts'

/** What a message is in an answer: JSON, or bytes of a type of their own. */
export interface AnswerContent {
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

  content(bytes: Uint8Array): AnswerContent {
    if (this.isRaw) return this.raw(bytes)
    return { type: 'application/json', bytes: Buffer.from(JSON.stringify(this.json(bytes))) }
  }

  json(bytes: Uint8Array): JsonValue {
    const { output, field, surface } = this
    try {
      const message = fromBinary(output, bytes)
      if (field === null) return toJson(output, message, surface.writeJson) as JsonValue
      // A field that is not there is what it is by default: a body must be something.
      const name = surface.writeJson.useProtoFieldName === true ? field.name : field.jsonName
      const of = (json: unknown) => (json as Readonly<Record<string, JsonValue>>)[name]
      return (
        of(toJson(output, message, surface.writeJson)) ??
        of(toJson(output, create(output), { ...surface.writeJson, alwaysEmitImplicit: true })) ??
        (field.fieldKind === 'message' ? {} : null)
      )
    } catch (cause) {
      throw new StatusError(
        statusOf(INTERNAL, `the backend's message is no ${output.typeName}, or cannot be JSON`),
        { cause },
      )
    }
  }

  private raw(bytes: Uint8Array): AnswerContent {
    const whole = reflect(this.output, fromBinary(this.output, bytes))
    const body = this.field === null ? whole : (whole.get(this.field) as ReflectMessage)
    const type = body.get(body.desc.field['contentType']!) as string
    return {
      type: /^[\t\x20-\x7e]+$/.test(type) ? type : 'application/octet-stream',
      bytes: body.get(body.desc.field['data']!) as Uint8Array,
    }
  }
}
