import type { Story } from '../../api/shapes.ts'
import { duration } from '../../format.ts'
import { texts } from '../../texts.ts'

interface Span {
  readonly name: string
  readonly startMs: number
  readonly durationMs: number
  readonly tone: 'accent' | 'bad' | 'quiet'
  readonly note: string
}

/** The exchange and its attempts on one scale of time; what is said in text stands beside each bar. */
export function Timeline({ story }: { readonly story: Story }) {
  const whole = Math.max(
    story.durationMs,
    ...story.attempts.map(({ startMs, durationMs }) => startMs + durationMs),
    0.001,
  )
  const spans = spansOf(story)
  return (
    <ol className="timeline">
      {spans.map(({ name, startMs, durationMs, tone, note }, i) => (
        <li key={`${name} ${i}`}>
          <span className="what">
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

function spansOf(story: Story): readonly Span[] {
  return [
    { name: texts.story.whole, startMs: 0, durationMs: story.durationMs, tone: 'quiet', note: '' },
    ...story.attempts.map(({ endpoint, cluster, startMs, durationMs, status, failure }, i): Span => ({
      name: texts.story.attempt(i + 1),
      startMs,
      durationMs,
      tone: failure !== null || (status ?? 0) >= 500 ? 'bad' : 'accent',
      note: [endpoint ?? cluster, failure ?? (status === null ? '' : String(status))]
        .filter(text => text !== '')
        .join(' → '),
    })),
  ]
}
