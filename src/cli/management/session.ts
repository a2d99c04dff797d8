import { painter, showsColour, type Paint } from '../../telemetry/colour.ts'
import { adminClient, Refused, type AdminClient, type Asked, type Query } from '../command/admin-client.ts'
import { CommandFailure, type Given } from '../command/flag.ts'
import { output } from '../command/flags.ts'
import type { OutputFormat } from '../command/options.ts'
import { roomOf, tableText, type Column } from '../command/table.ts'
import { organization } from './flags.ts'

/** What a command about records has: whom it asks, and how it answers. */
export interface Session {
  readonly client: AdminClient
  readonly output: OutputFormat
  /** In which names are looked for: to be added to a question by name. */
  readonly within: { readonly organization?: string }
  readonly paint: Paint
}

/** Of a command with the flags `asking`, and perhaps `organization`; `form` where the command knows more forms. */
export function sessionOf(given: Given, form?: OutputFormat): Session {
  const named = given.get(organization)
  return {
    client: adminClient(given),
    output: form ?? given.get(output),
    within: named === '' ? {} : { organization: named },
    paint: painter(showsColour(1)),
  }
}

/** As `AdminClient.ask`, and what the gateway refuses is said without its status: `apps show: there is no application "x"`. */
export async function ask<T>(
  { client }: Session,
  method: string,
  path: string,
  asked: Asked = {},
): Promise<T> {
  try {
    return (await client.ask<T>(method, path, asked)).body
  } catch (error) {
    throw plainly(error)
  }
}

/** Reads a record, and puts it back with these fields, unless somebody has changed it in between. */
export async function alter<T>(
  session: Session,
  path: string,
  fields: (record: T) => object,
  query: Query = {},
): Promise<T> {
  try {
    const { body, etag } = await session.client.ask<T>('GET', path, { query })
    const headers = etag === '' ? {} : { 'if-match': etag }
    return (await session.client.ask<T>('PUT', path, { query, body: fields(body), headers })).body
  } catch (error) {
    throw plainly(error)
  }
}

/** What is wrong with what was asked needs no number of HTTP; what is wrong with the gateway has it. */
export function plainly(error: unknown): unknown {
  if (!(error instanceof Refused) || error.status >= 500 || error.status === 401) return error
  return new CommandFailure(error.detail, { cause: error })
}

/** All of a list, page by page; `most` of them, where that is not 0. */
export async function all<T>(
  session: Session,
  path: string,
  query: Query = {},
  most = 0,
): Promise<readonly T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const limit = most === 0 ? 1_000 : Math.min(1_000, most - items.length)
    const page = await ask<{ readonly items: readonly T[]; readonly next: string | null }>(
      session,
      'GET',
      path,
      {
        query: { ...query, limit, cursor },
      },
    )
    items.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined && (most === 0 || items.length < most))
  return items
}

/** A list for a person, or an array of JSON. Where it is empty, standard error says so. */
export function showAll<T>(
  { output: form, paint }: Session,
  items: readonly T[],
  columns: readonly Column<T>[],
  nothing: string,
): void {
  if (form === 'json') process.stdout.write(`${JSON.stringify(items, null, 2)}\n`)
  else if (items.length === 0) process.stderr.write(`${nothing}\n`)
  else process.stdout.write(tableText(columns, items, roomOf(process.stdout), paint))
}

/** A record as JSON, or what `text` makes of it. */
export function showOne<T>({ output: form }: Session, record: T, text: (record: T) => string): void {
  process.stdout.write(form === 'json' ? `${JSON.stringify(record, null, 2)}\n` : text(record))
}
