import {
  fromJson,
  getExtension,
  hasExtension,
  type DescField,
  type DescMethod,
  type DescService,
  type JsonValue,
} from '@bufbuild/protobuf'
import { fieldPath, type FieldPath } from './field-path.ts'
import { httpAnnotation, httpConfig, type HttpRuleMessage } from './annotation.ts'
import { HttpTemplate } from './path-template.ts'

/** A way to reach a method by HTTP, compiled. */
export interface HttpRule {
  readonly method: DescMethod
  /** `*` takes any. */
  readonly httpMethod: string
  readonly template: HttpTemplate
  /** Where the variables of the template go, in their order. */
  readonly variables: readonly FieldPath[]
  /** What the body is: the whole message, one field of it, or not there. */
  readonly body: '*' | DescField | null
  /** The field of the answer that is its body; null: all of it. */
  readonly responseBody: DescField | null
}

/**
 * `{ http: { rules: [{ selector: 'shop.Shop.GetBook', get: '/v1/{name=books/*}' }] } }`, as the YAML file of a gRPC API
 * service configuration has it. What it says of a method counts in place of the method's annotation, and the last word of
 * several.
 */
export interface ServiceConfig {
  readonly http?: {
    readonly rules?: readonly unknown[]
    /** `%2F` in a variable that takes several segments is a slash; left out, it stays as it is. */
    readonly fully_decode_reserved_expansion?: boolean
  }
}

/**
 * The rules of these services, by their annotations or a service configuration. Throws a TypeError that names the method
 * and what is wrong with its rule.
 */
export function httpRules(services: readonly DescService[], config: ServiceConfig = {}): readonly HttpRule[] {
  const { rules: configured, fully } = configuredRules(services, config)
  return services.flatMap(service =>
    service.methods.flatMap(method => {
      const rule = configured.get(nameOf(method)) ?? annotation(method)
      return rule === null ? [] : rulesOf(method, rule, fully)
    }),
  )
}

/** `shop.Shop.GetBook`. */
const nameOf = (method: DescMethod): string => `${method.parent.typeName}.${method.name}`

function annotation({ proto }: DescMethod): HttpRuleMessage | null {
  const { options } = proto
  if (options === undefined || !hasExtension(options, httpAnnotation())) return null
  return getExtension(options, httpAnnotation()) as HttpRuleMessage
}

function configuredRules(
  services: readonly DescService[],
  { http }: ServiceConfig,
): { readonly rules: ReadonlyMap<string, HttpRuleMessage>; readonly fully: boolean } {
  if (http === undefined) return { rules: new Map(), fully: false }
  const names = services.flatMap(({ methods }) => methods.map(nameOf))
  const { rules, fullyDecodeReservedExpansion: fully } = readConfig(http as JsonValue)
  for (const { selector } of rules)
    if (!names.includes(selector))
      throw new TypeError(
        `the rule for ${JSON.stringify(selector)}: expected one of ${names.slice(0, 20).join(', ')}`,
      )
  return { rules: new Map(rules.map(rule => [rule.selector, rule])), fully }
}

interface Http {
  readonly rules: readonly HttpRuleMessage[]
  readonly fullyDecodeReservedExpansion: boolean
}

function readConfig(http: JsonValue): Http {
  try {
    return fromJson(httpConfig(), http) as unknown as Http
  } catch (cause) {
    throw new TypeError(`the service configuration: ${(cause as Error).message}`, { cause })
  }
}

function rulesOf(method: DescMethod, rule: HttpRuleMessage, fully: boolean): readonly HttpRule[] {
  try {
    return [rule, ...rule.additionalBindings].map((one, i) => {
      if (i > 0 && one.additionalBindings.length > 0)
        throw new TypeError('additional_bindings are in additional_bindings')
      return compiled(method, one, fully)
    })
  } catch (cause) {
    throw new TypeError(`${nameOf(method)}, google.api.http: ${(cause as Error).message}`, { cause })
  }
}

function compiled(method: DescMethod, rule: HttpRuleMessage, fully: boolean): HttpRule {
  const [httpMethod, path] = patternOf(rule)
  const template = new HttpTemplate(path, fully)
  return {
    method,
    httpMethod,
    template,
    variables: template.variables.map(({ field }) => variableOf(method, field)),
    body:
      rule.body === '*' || rule.body === '' ? rule.body || null : topLevel(method.input, rule.body, 'body'),
    responseBody:
      rule.responseBody === '' ? null : topLevel(method.output, rule.responseBody, 'response_body'),
  }
}

function patternOf({ pattern }: HttpRuleMessage): readonly [httpMethod: string, path: string] {
  if (pattern.case === undefined)
    throw new TypeError('it has no path: expected get, put, post, delete, patch or custom')
  if (pattern.case !== 'custom') return [pattern.case.toUpperCase(), pattern.value]
  const { kind, path } = pattern.value
  if (!/^(?:\*|[!#$%&'*+.^`|~\w-]+)$/.test(kind))
    throw new TypeError(`${JSON.stringify(kind)} is no method of HTTP`)
  return [kind, path]
}

function variableOf({ input }: DescMethod, names: readonly string[]): FieldPath {
  const path = fieldPath(input, names)
  const wrong = typeof path === 'string' ? path : path.at(-1)!.fieldKind === 'list' ? 'it is repeated' : null
  if (wrong !== null) throw new TypeError(`the variable "${names.join('.')}" of its path: ${wrong}`)
  return path as FieldPath
}

function topLevel({ fields, typeName }: DescMethod['input'], name: string, member: string): DescField {
  const field = fields.find(one => one.name === name)
  if (field === undefined) throw new TypeError(`${member}: ${typeName} has no field ${JSON.stringify(name)}`)
  return field
}
