import type { LocalRepliesSettings } from '../../../filters/local-replies/local-replies.ts'
import type { LocalReplies } from '../../../model/kinds/local-replies.ts'
import { durationMs } from '../../../model/quantity.ts'

/** What a filter is told of TrafficPolicy spec.localReplies. */
export function localRepliesOf({ errors, maintenance }: LocalReplies): Partial<LocalRepliesSettings> {
  const retryAfterS = Math.ceil((durationMs(maintenance?.retryAfter ?? '0s') ?? 0) / 1000)
  return {
    ...(maintenance !== undefined && { maintenance: { retryAfterS } }),
    ...(errors !== undefined && { pages: pagesOf(errors) }),
  }
}

function pagesOf(errors: NonNullable<LocalReplies['errors']>): LocalRepliesSettings['pages'] {
  return errors.map(({ statuses = null, html, json, text }) => ({
    statuses,
    bodies: {
      ...(html !== undefined && { html }),
      ...(json !== undefined && { json }),
      ...(text !== undefined && { text }),
    },
  }))
}
