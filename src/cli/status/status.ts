import type { Findings } from '../../api/shapes/finding.ts'
import type { Status } from '../../admin/shapes/status.ts'
import { painter, showsColour } from '../../telemetry/colour.ts'
import { NoGateway, type AdminClient } from '../command/admin-client.ts'
import type { OutputFormat } from '../command/options.ts'
import { statusText } from './text.ts'

/** So many problems are shown to a person; the rest is counted. */
const SHOWN = 20

/** `portcullis status`: 0 where the gateway serves, 1 where it does not, 2 where there is none. */
export async function status(client: AdminClient, output: OutputFormat): Promise<number> {
  let found: Status
  try {
    found = await client.get<Status>('/v1/status')
  } catch (error) {
    if (!(error instanceof NoGateway)) throw error
    process.stderr.write(`portcullis: status: ${error.message}\n`)
    return 2
  }
  const findings =
    found.snapshot === null ? [] : await findingsOf(client, output === 'json' ? Infinity : SHOWN)
  process.stdout.write(
    output === 'json'
      ? `${JSON.stringify({ ...found, findings }, null, 2)}\n`
      : statusText(found, findings, painter(showsColour(1))),
  )
  return found.ready ? 0 : 1
}

/** The first of them, by pages. */
async function findingsOf(client: AdminClient, most: number): Promise<Findings['items']> {
  const all: Findings['items'][number][] = []
  let cursor: string | null | undefined
  while (cursor !== null && all.length < most) {
    const page: Findings = await client.get<Findings>('/v1/problems', {
      limit: Math.min(most, 1_000),
      cursor: cursor ?? undefined,
    })
    all.push(...page.items)
    cursor = page.next
  }
  return all
}
