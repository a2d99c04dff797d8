import type { RequestStory, StoryAttempt } from '../../../src/admin/shapes/requests.ts'
import { duration } from '../../format.ts'
import { storyTexts as t } from '../../texts/story.ts'

interface Span {
  readonly name: string
  readonly note: string
  readonly startMs: number
  readonly durationMs: number
  readonly tone: 'accent' | 'bad' | 'quiet' | 'warn'
}

/** In the order in which they come one after another; together they are the whole. */
const parts = [
  'filtersMs',
  'attemptsMs',
  'waitedMs',
  'connectMs',
  'firstByteMs',
  'bodyMs',
  'otherMs',
] as const
/** Less than this share of the whole is not worth a row. */
const LEAST = 0.005

/** Parts of the exchange and its attempts on one scale of time; the numbers stand beside the bars. */
export function Timeline({ story }: { readonly story: RequestStory }) {
  const whole = Math.max(story.timings.totalMs, 0.001)
  return (
    <>
      <Bars label={t.where} spans={partsOf(story, whole)} whole={whole} />
      {story.attempts.length === 0 ? null : (
        <>
          <h3>{t.attempts}</h3>
          <Bars label={t.attempts} spans={story.attempts.map(spanOf)} whole={whole} />
        </>
      )}
    </>
  )
}

function Bars({
  label,
  spans,
  whole,
}: {
  readonly label: string
  readonly spans: readonly Span[]
  readonly whole: number
}) {
  return (
    <ol className="timeline" aria-label={label}>
      {spans.map(({ name, startMs, durationMs, tone, note }, i) => (
        <li key={`${name} ${i}`}>
          <span className="what" title={`${name} ${note}`}>
            <b>{name}</b> <span>{note}</span>
          </span>
          <span className="track" aria-hidden="true">
            <i
              className={tone}
              style={{
                left: `${(startMs / whole) * 100}%`,
                width: `${Math.max(0.4, (durationMs / whole) * 100)}%`,
              }}
            />
          </span>
          <span className="number">{duration(durationMs)}</span>
        </li>
      ))}
    </ol>
  )
}

function partsOf({ timings }: RequestStory, whole: number): readonly Span[] {
  const spans: Span[] = []
  let startMs = 0
  for (const part of parts) {
    const durationMs = timings[part]
    const ofClient = part === 'bodyMs' && timings.clientMs > 0 ? t.clientSlow(duration(timings.clientMs)) : ''
    if (durationMs / whole >= LEAST)
      spans.push({
        name: t.parts[part],
        note: ofClient,
        startMs,
        durationMs,
        tone: part === 'attemptsMs' ? 'warn' : 'quiet',
      })
    startMs += durationMs
  }
  return spans
}

function spanOf(
  { endpoint, sentAfterMs, endedAfterMs, waitedMs, connectMs, status, failure, reason }: StoryAttempt,
  i: number,
): Span {
  const startMs = Math.max(0, (sentAfterMs ?? endedAfterMs) - waitedMs - connectMs)
  const became =
    failure === null ? String(status ?? '') : `${failure}${reason === null ? '' : ` (${reason})`}`
  return {
    name: t.attempt(i + 1),
    note: [endpoint ?? '', became].filter(text => text !== '').join(' → '),
    startMs,
    durationMs: Math.max(0, endedAfterMs - startMs),
    tone: failure !== null || (status ?? 0) >= 500 ? 'bad' : 'accent',
  }
}
