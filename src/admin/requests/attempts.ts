import type { RecentRecord } from '../../telemetry/recent/slot-reader.ts'
import type { StoryAttempt, StoryTimings } from '../shapes/requests.ts'
import { layerOf } from './failure-layer.ts'
import { rounded } from './line.ts'

/** All that were made, the last of them from what the record has. */
export function attemptsOf(record: RecentRecord): StoryAttempt[] {
  const earlier = record.story.attempts.map(attempt => ({
    endpoint: attempt.endpoint === '' ? null : attempt.endpoint,
    sentAfterMs: attempt.sentAfterMs < 0 ? null : rounded(attempt.sentAfterMs),
    endedAfterMs: rounded(attempt.endedAfterMs),
    waitedMs: rounded(attempt.waitedMs),
    connectMs: rounded(attempt.connectMs),
    status: attempt.status === 0 ? null : attempt.status,
    failure: attempt.failure === '' ? null : attempt.failure,
    reason: attempt.reason === '' ? null : attempt.reason,
  }))
  return record.attempts > record.story.attempts.length ? [...earlier, lastAttempt(record)] : earlier
}

function lastAttempt(record: RecentRecord): StoryAttempt {
  const { failure, upstreamMs, sentAfterMs, status } = record
  const answered = upstreamMs >= 0
  const failed = failure !== '' && layerOf(failure) === 'backend'
  return {
    endpoint: record.endpoint === '' ? null : record.endpoint,
    sentAfterMs: sentAfterMs < 0 ? null : rounded(sentAfterMs),
    endedAfterMs: rounded(record.durationMs),
    waitedMs: rounded(record.waitedMs),
    connectMs: rounded(record.connectMs),
    status: answered && !failed && status > 0 ? status : null,
    failure: failed ? failure : null,
    reason: failed && record.reason !== '' ? record.reason : null,
  }
}

/** Where the time went: all but the head's add up to the whole. */
export function timingsOf(record: RecentRecord): StoryTimings {
  const { durationMs, sentAfterMs, upstreamMs, filtersMs, waitedMs, connectMs, clientMs } = record
  const triedMs = record.story.attempts.at(-1)?.endedAfterMs ?? 0
  // Counted from the beginning, and so with the filters that were waited for before the first.
  const attemptsMs = Math.max(0, triedMs - filtersMs)
  const answeredAfterMs = upstreamMs < 0 ? durationMs : sentAfterMs + upstreamMs
  const firstByteMs = sentAfterMs < 0 ? 0 : Math.max(0, answeredAfterMs - sentAfterMs - connectMs)
  const bodyMs = upstreamMs < 0 ? 0 : Math.max(0, durationMs - answeredAfterMs - clientMs)
  const told = filtersMs + attemptsMs + waitedMs + connectMs + firstByteMs + bodyMs + clientMs
  return {
    headMs: rounded(record.headMs),
    filtersMs: rounded(filtersMs),
    attemptsMs: rounded(attemptsMs),
    waitedMs: rounded(waitedMs),
    connectMs: rounded(connectMs),
    firstByteMs: rounded(firstByteMs),
    bodyMs: rounded(bodyMs),
    clientMs: rounded(clientMs),
    otherMs: rounded(Math.max(0, durationMs - told)),
    totalMs: rounded(durationMs),
  }
}
