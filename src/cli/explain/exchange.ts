import type { RequestStory } from '../../admin/shapes/requests.ts'
import { painter, showsColour } from '../../telemetry/colour.ts'
import type { AdminClient } from '../command/admin-client.ts'
import type { OutputFormat } from '../command/options.ts'
import { storyText } from '../requests/story-text.ts'

/** `portcullis explain --exchange ID`: 0 with the story of that request; fails where it is not kept, and says how far back is. */
export async function explainExchange(
  client: AdminClient,
  id: string,
  output: OutputFormat,
): Promise<number> {
  const story = await client.get<RequestStory>(`/v1/requests/${encodeURIComponent(id)}`)
  process.stdout.write(
    output === 'json' ? `${JSON.stringify(story, null, 2)}\n` : storyText(story, painter(showsColour(1))),
  )
  return 0
}
