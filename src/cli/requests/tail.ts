import type { RequestFilter, RequestLine } from '../../admin/shapes/requests.ts'
import { painter, showsColour } from '../../telemetry/colour.ts'
import type { AdminClient, Query } from '../command/admin-client.ts'
import type { OutputFormat } from '../command/options.ts'
import { lineText } from './line-text.ts'

export interface TailOptions {
  readonly filter: RequestFilter
  /** So many of those that have ended already are shown first. */
  readonly lines: number
  /** What comes is shown as well. */
  readonly follow: boolean
  readonly output: OutputFormat
}

/** `portcullis tail`: ends with 0 when it is interrupted, or has shown what there is. */
export async function tail(client: AdminClient, options: TailOptions): Promise<number> {
  const { filter, lines, follow, output } = options
  const show = shower(output)
  const query: Query = { ...filter }
  if (lines > 0) {
    const { items } = await client.get<{ readonly items: readonly RequestLine[] }>('/v1/requests', {
      ...query,
      limit: lines,
    })
    for (const line of items.toReversed()) show('request', line)
  }
  if (!follow) return 0
  const leave = new AbortController()
  process.once('SIGINT', () => leave.abort())
  for await (const { event, data } of client.events('/v1/requests/stream', query, leave.signal))
    show(event, data)
  return 0
}

/** Requests go to standard output; how many are not shown, as JSON too, and to standard error for a person. */
function shower(output: OutputFormat): (event: string, data: unknown) => void {
  const paint = painter(showsColour(1))
  return (event, data) => {
    if (output === 'json')
      process.stdout.write(`${JSON.stringify(event === 'request' ? data : { [event]: data })}\n`)
    else if (event === 'request') process.stdout.write(`${lineText(data as RequestLine, paint)}\n`)
    else if (event === 'lost')
      process.stderr.write(`… ${(data as { count: number }).count} more are not shown\n`)
  }
}
