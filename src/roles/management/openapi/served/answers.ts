import { isObject, named, objectIn, type Json } from './json.ts'

/** What the gateway says in answers of an API, and which problems it answers itself. */
export interface Answers {
  readonly isLimited: boolean
  /** Whether it is deprecated, and whether it is said until when. */
  readonly farewell: 'none' | 'deprecated' | 'sunset'
  readonly problems: readonly ProblemStatus[]
}

export type ProblemStatus = 401 | 403 | 410 | 429

interface Kind {
  readonly name: string
  /** Whether limits have been looked at by then. */
  readonly isCounted?: true
  readonly description: string
  readonly header?: readonly [name: string, description: string]
}

const kinds: Readonly<Record<ProblemStatus, Kind>> = {
  401: {
    name: 'Unauthorized',
    description: 'There is no credential, or none that counts.',
    header: ['WWW-Authenticate', 'What is to be brought (RFC 9110 §11.6.1).'],
  },
  403: { name: 'Forbidden', description: 'Who asks is known, and may not do this.' },
  410: { name: 'Gone', description: 'The API has been retired.' },
  429: {
    name: 'TooManyRequests',
    isCounted: true,
    description: 'A limit is used up.',
    header: ['Retry-After', 'Seconds until there is room again (RFC 9110 §10.2.3).'],
  },
}

const text = { type: 'string' }
const problem = {
  type: 'object',
  description: 'What went wrong (RFC 9457).',
  required: ['title', 'status'],
  properties: {
    type: { ...text, description: 'A URI that names the kind of problem; left out: about:blank.' },
    title: text,
    status: { type: 'integer' },
    detail: text,
    reason: { ...text, description: 'The name of the failure.' },
    exchange: { ...text, description: 'To quote to the operator: X-Request-Id.' },
    help: { ...text, description: 'Of a 401: what is to be sent, and where it is to be had.' },
    'violated-policies': {
      type: 'array',
      items: text,
      description: 'Of a 429: the limits that are used up, by their names in RateLimit-Policy.',
    },
  },
}

const limitHeaders = {
  'RateLimit-Policy': 'Limits by name: q, what may be used; w, in so many seconds.',
  RateLimit: 'What is left of them: r; and in how many seconds there is more: t.',
}

/** Writes into a document what the gateway answers. */
export class AnswerWriter {
  private readonly components: Json
  /** References to headers that every response has, and those that what limits have let through has besides. */
  private readonly always: Json = {}
  private readonly limits: Json = {}
  private readonly problems: readonly (readonly [status: string, ref: string])[]
  private readonly content: Json

  constructor(document: Json, { isLimited, farewell, problems }: Answers) {
    this.components = objectIn(document, 'components')
    if (isLimited)
      for (const [name, about] of Object.entries(limitHeaders)) this.header(this.limits, name, about)
    if (farewell !== 'none')
      this.header(this.always, 'Deprecation', 'Since when it is deprecated (RFC 9745).')
    if (farewell === 'sunset') this.header(this.always, 'Sunset', 'When it will be gone (RFC 8594).')
    for (const response of Object.values(objectIn(this.components, 'responses')))
      if (isObject(response)) this.dress(response)
    this.content = problems.length === 0 ? {} : { schema: this.ref('schemas', 'Problem', problem) }
    this.problems = problems.map(status => [String(status), this.problem(kinds[status])])
  }

  write(operation: Json): void {
    const responses = objectIn(operation, 'responses')
    for (const response of Object.values(responses)) if (isObject(response)) this.dress(response)
    for (const [status, $ref] of this.problems) {
      const known = responses[status]
      if (!isObject(known)) responses[status] = { $ref }
      else if (known['$ref'] === undefined) objectIn(known, 'content')[PROBLEM] ??= this.content
    }
  }

  private dress(response: Json): void {
    const own = Object.entries({ ...this.limits, ...this.always })
    if (response['$ref'] !== undefined || own.length === 0) return
    const headers = objectIn(response, 'headers')
    for (const [name, ref] of own) headers[name] ??= ref
  }

  private header(all: Json, name: string, description: string): void {
    all[name] = this.ref('headers', name, { description, schema: text })
  }

  private problem({ name, description, isCounted, header }: Kind): string {
    const headers = { ...(isCounted && this.limits), ...this.always }
    if (header) headers[header[0]] = { description: header[1], schema: text }
    const response = { description, headers, content: { [PROBLEM]: this.content } }
    return this.ref('responses', name, response).$ref
  }

  private ref(kind: string, name: string, value: unknown): { $ref: string } {
    return { $ref: `#/components/${kind}/${named(objectIn(this.components, kind), name, value)}` }
  }
}

const PROBLEM = 'application/problem+json'
