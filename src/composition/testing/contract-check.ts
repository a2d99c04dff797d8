import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { Reply } from './stub-transport.ts'

type Json = Readonly<Record<string, unknown>>

const NAME = 'contract'

/** Holds what stubs answer to the OpenAPI document (3.0, 3.1) of their backend: what types cannot say, and what `reply` says. */
export class ContractCheck {
  private readonly document: object
  private readonly ajv = new Ajv2020({ strict: false, validateSchema: false, validateFormats: false })
  private readonly validators = new Map<string, ValidateFunction>()

  constructor(document: object) {
    this.document = document
    this.ajv.addSchema(document, NAME)
  }

  /** Throws a TypeError that says what is wrong with an answer to `GET /users/{id}`. */
  check(call: string, given: unknown): void {
    const { status, body } = given instanceof Reply ? given : { status: 200, body: given }
    const [method = '', path = ''] = call.split(' ')
    const responses = this.follow(['paths', path, method.toLowerCase(), 'responses'])
    const known = [String(status), `${Math.floor(status / 100)}XX`, 'default'].find(
      one => one in responses.value,
    )
    if (known === undefined) throw new TypeError(`the contract has no answer ${status} to ${call}`)
    const content = this.follow([...this.follow([...responses.at, known]).at, 'content'])
    const type = Object.keys(content.value).find(one => /^application\/(?:[\w.+-]+\+)?json\b/i.test(one))
    if (type === undefined) return
    const validate = this.validator([...content.at, type, 'schema'])
    if (validate(body)) return
    const said = (validate.errors ?? []).map(
      ({ instancePath, message = '' }) => `${instancePath || 'it'} ${message}`,
    )
    throw new TypeError(`the contract has another answer ${status} to ${call}: ${said.join('; ')}`)
  }

  private validator(at: readonly string[]): ValidateFunction {
    const pointer = at
      .map(token => encodeURIComponent(token.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/')
    let validate = this.validators.get(pointer)
    if (validate === undefined) {
      validate = this.ajv.compile({ $ref: `${NAME}#/${pointer}` })
      this.validators.set(pointer, validate)
    }
    return validate
  }

  /** What is there, and where it is when references have been followed; an empty object where nothing is. */
  private follow(at: readonly string[], steps = 0): { readonly value: Json; readonly at: readonly string[] } {
    let value: unknown = this.document
    for (const [i, token] of at.entries()) {
      value = (value as Json | undefined)?.[token]
      const reference = (value as Json | undefined)?.['$ref']
      if (typeof reference !== 'string' || !reference.startsWith('#/') || steps > 16) continue
      const target = reference
        .slice(2)
        .split('/')
        .map(part => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
      return this.follow([...target, ...at.slice(i + 1)], steps + 1)
    }
    return { value: (value as Json | undefined) ?? {}, at }
  }
}
