import { isBefore, PathTemplate } from '../../../composition/routes/template.ts'
import { mapOf } from '../../import/faults.ts'
import type { Contract } from '../folder/contracts.ts'
import { Examples } from './example.ts'

type Json = Readonly<Record<string, unknown>>

export interface MockAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** `GET /users/{id}`; null where the contract has nothing of the kind. */
  readonly operation: string | null
}

/** What is wished of an answer, by `Prefer: code=404, example=gone` (RFC 7240) or `?__code=404&__example=gone`. */
interface Wish {
  readonly code: string | null
  readonly example: string | null
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete', 'head', 'options'] as const
const JSON_TYPE = /^(?:application\/(?:[\w.+-]+\+)?json|\*\/\*)\s*(?:;|$)/i

/** A backend as its contract describes it: the same request has the same answer, always. */
export class Mock {
  private readonly examples: Examples
  private readonly paths: readonly { readonly template: PathTemplate; readonly item: Json }[]

  constructor({ document }: Pick<Contract, 'document'>) {
    this.examples = new Examples(document)
    this.paths = Object.entries(mapOf(document['paths']) ?? {})
      .filter(([path]) => path.startsWith('/'))
      .map(([path, item]) => ({ template: new PathTemplate(path), item: this.examples.follow(item) }))
      .sort((a, b) => Number(isBefore(b.template, a.template)) - Number(isBefore(a.template, b.template)))
  }

  /** `target` is path and query, `prefer` the field of that name. */
  answer(method: string, target: string, prefer: string | undefined): MockAnswer {
    const [path = '', search = ''] = target.split('?', 2)
    const found = this.paths.filter(({ template }) => matches(template, path))
    if (found.length === 0) return problem(404, `The contract has no path ${path}`, null)
    const name = method.toLowerCase()
    const taken = found.find(
      ({ item }) => mapOf(item[name] ?? (name === 'head' ? item['get'] : null)) !== null,
    )
    if (taken === undefined) {
      const allowed = METHODS.filter(one => found.some(({ item }) => mapOf(item[one]) !== null))
      const allow = allowed.join(', ').toUpperCase()
      return problem(405, `The contract has no ${method} of ${path}`, null, { allow })
    }
    const operation = mapOf(taken.item[name] ?? taken.item['get'])!
    const told = `${method} ${taken.template.text}`
    return this.answerOf(operation, wishOf(search, prefer), told)
  }

  private answerOf(operation: Json, wish: Wish, told: string): MockAnswer {
    const responses = mapOf(operation['responses']) ?? {}
    const key = wish.code === null ? firstOf(responses) : keyOf(responses, wish.code)
    const status = wish.code === null ? statusOf(key) : Number(wish.code)
    if (key === null)
      return wish.code === null
        ? { status: 200, headers: {}, body: '', operation: told }
        : problem(status, 'As it was asked for', told)
    const response = this.examples.follow(responses[key])
    const headers = this.headersOf(response)
    const content = Object.entries(mapOf(response['content']) ?? {})
    const [type, media] = content.find(([one]) => JSON_TYPE.test(one)) ?? content[0] ?? []
    if (type === undefined || [204, 205, 304].includes(status))
      return { status, headers, body: '', operation: told }
    const value = this.valueOf(mapOf(media) ?? {}, wish.example)
    const isJson = JSON_TYPE.test(type)
    return {
      status,
      headers: { ...headers, 'content-type': type.includes('*') ? 'application/json' : type },
      body: isJson || typeof value !== 'string' ? JSON.stringify(value ?? null) : value,
      operation: told,
    }
  }

  /** The example that is asked for, or the first; else one of the schema. */
  private valueOf(media: Json, wished: string | null): unknown {
    const examples = mapOf(media['examples']) ?? {}
    const named = Object.entries(examples).find(([name]) => wished === null || name === wished)?.[1]
    const example = this.examples.follow(named)
    if ('value' in example) return example['value']
    return 'example' in media ? media['example'] : this.examples.of(media['schema'])
  }

  private headersOf(response: Json): Record<string, string> {
    const headers: Record<string, string> = {}
    for (const [name, given] of Object.entries(mapOf(response['headers']) ?? {})) {
      const header = this.examples.follow(given)
      const value = 'example' in header ? header['example'] : this.examples.of(header['schema'])
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        headers[name.toLowerCase()] = String(value)
    }
    return headers
  }
}

function matches(template: PathTemplate, path: string): boolean {
  try {
    return template.match(path) !== null
  } catch {
    // A broken escape is no path of anybody.
    return false
  }
}

function wishOf(search: string, prefer = ''): Wish {
  const query = new URLSearchParams(search)
  const said = (name: string) =>
    new RegExp(`(?:^|[,;])\\s*${name}\\s*=\\s*"?([^",;\\s]+)`, 'i').exec(prefer)?.[1] ?? null
  const code = query.get('__code') ?? said('code')
  return {
    code: code !== null && /^[2-5]\d\d$/.test(code) ? code : null,
    example: query.get('__example') ?? said('example'),
  }
}

/** The first success, else what is said of all that is not named, else whatever is there. */
function firstOf(responses: Json): string | null {
  const names = Object.keys(responses).sort()
  return (
    names.find(name => name.startsWith('2')) ?? names.find(name => name === 'default') ?? names[0] ?? null
  )
}

const keyOf = (responses: Json, code: string): string | null =>
  [code, `${code.charAt(0)}XX`, `${code.charAt(0)}xx`, 'default'].find(name => name in responses) ?? null

const statusOf = (key: string | null): number =>
  key === null || key === 'default' ? 200 : Number(key.replace(/xx$/i, '00'))

function problem(
  status: number,
  title: string,
  operation: string | null,
  headers: Readonly<Record<string, string>> = {},
): MockAnswer {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/problem+json' },
    body: JSON.stringify({ title, status }),
    operation,
  }
}
