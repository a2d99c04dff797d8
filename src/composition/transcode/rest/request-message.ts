import {
  create,
  fromJson,
  fromJsonString,
  mergeFromJsonString,
  type DescField,
  type DescMessage,
  type JsonReadOptions,
  type JsonValue,
  type Message,
} from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import { ownerOf } from '../rule/field-path.ts'
import type { HttpRule } from '../rule/http-rule.ts'
import { QueryFields, setField, type IgnoredParameters } from './query.ts'
import { badRequest, BadRequest, type Violation } from './violations.ts'

/** The body of a request, with its Content-Type. */
export interface RequestContent {
  readonly type: string
  readonly bytes: Uint8Array
}

export const HTTP_BODY = 'google.api.HttpBody'

/** Makes messages of requests, as a rule says. */
export class RequestMessages {
  private readonly rule: HttpRule
  private readonly query: QueryFields
  private readonly json: Partial<JsonReadOptions>

  constructor(rule: HttpRule, json: Partial<JsonReadOptions>, ignored?: IgnoredParameters) {
    this.rule = rule
    this.query = new QueryFields(rule, ignored)
    this.json = json
  }

  /**
   * What `path` (its segments, without the verb; null: it says nothing), query and body say together. What a path says of
   * a field counts before what the body does. `body` is what the content is, where that is not for the rule to say. Throws a
   * BadRequest.
   */
  message(
    path: readonly string[] | null,
    search: string,
    content: RequestContent | null,
    body: HttpRule['body'] = this.rule.body,
  ): Message {
    const message = this.ofBody(content, body)
    const root = reflect(this.rule.method.input, message)
    if (path !== null) this.ofPath(root, path)
    this.query.into(root, search)
    return message
  }

  /** Whether a body of this rule is bytes of any type, and no JSON. */
  get takesAnything(): boolean {
    const { body, method } = this.rule
    const type = body === '*' ? method.input : body?.message
    return type?.typeName === HTTP_BODY
  }

  private ofPath(root: ReflectMessage, segments: readonly string[]): void {
    const { template, variables } = this.rule
    if (variables.length === 0) return
    const violations: Violation[] = []
    for (const [i, text] of template.values(segments).entries()) {
      const path = variables[i]!
      const owner = ownerOf(root, path)
      const wrong = typeof owner === 'string' ? owner : setField(owner, path.at(-1)!, text)
      if (wrong !== null)
        violations.push({ field: template.variables[i]!.field.join('.'), description: wrong })
    }
    if (violations.length > 0) throw new BadRequest(violations)
  }

  private ofBody(content: RequestContent | null, body: HttpRule['body']): Message {
    const { method } = this.rule
    const message = create(method.input)
    if (content === null || content.bytes.length === 0) return message
    if (body === null) throw badRequest('', 'the request has a body, and no field is taken from one')
    if (this.takesAnything) {
      const owner = reflect(method.input, message)
      if (body === '*') fillHttpBody(owner, content)
      else owner.set(body, fillHttpBody(reflect(body.message!), content))
      return message
    }
    return this.ofJson(message, body, textOf(content.bytes))
  }

  private ofJson(message: Message, body: '*' | DescField, text: string): Message {
    const { input } = this.rule.method
    try {
      if (body === '*') return mergeFromJsonString(input, message, text, this.json)
      if (body.fieldKind === 'message' && !isJsonOfItsOwn(body.message)) {
        reflect(input, message).set(
          body,
          reflect(body.message, fromJsonString(body.message, text, this.json)),
        )
        return message
      }
      return fromJson(input, { [body.jsonName]: JSON.parse(text) as JsonValue }, this.json)
    } catch (cause) {
      throw badRequest(
        body === '*' ? '' : body.name,
        `the body is not ${typeText(body, input)}: ${(cause as Error).message}`,
        cause,
      )
    }
  }
}

/** Messages that @bufbuild/protobuf holds as something else in a field. */
const isJsonOfItsOwn = ({ typeName }: DescMessage): boolean => typeName.startsWith('google.protobuf.')

const typeText = (body: '*' | DescField, input: DescMessage): string =>
  body === '*' ? `JSON of ${input.typeName}` : `JSON of ${body.message?.typeName ?? body.name}`

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw badRequest('', 'the body is no UTF-8', cause)
  }
}

function fillHttpBody(body: ReflectMessage, { type, bytes }: RequestContent): ReflectMessage {
  body.set(body.desc.field['contentType']!, type)
  body.set(body.desc.field['data']!, bytes)
  return body
}
