import type { AskedRequest } from '../../admin/explain/asked.ts'
import type { Explanation } from '../../admin/shapes/explain.ts'
import type { AdminClient } from '../command/admin-client.ts'
import type { OutputFormat } from '../command/options.ts'

/** `portcullis explain --running`: what the gateway itself says; 0 when a route takes the request, else 1. */
export async function explainRunning(
  gateway: AdminClient,
  { headers, ...asked }: AskedRequest,
  output: OutputFormat,
): Promise<number> {
  const body = { ...asked, headers: headers.map(([name, value]) => ({ name, value })) }
  const { text, ...explanation } = await gateway.post<Explanation>('/v1/explain', body)
  process.stdout.write(output === 'json' ? `${JSON.stringify(explanation, null, 2)}\n` : text)
  return explanation.outcome === 'routed' ? 0 : 1
}
