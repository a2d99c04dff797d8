import type { RequestStory } from '../../admin/shapes/requests.ts'
import type { Paint } from '../../telemetry/colour.ts'
import { durationText, printable } from './line-text.ts'

/** Where the text of a row begins. */
const COLUMN = 12

/** What each time is called, in the order in which it passes. */
const TIMES = [
  ['filtersMs', 'waiting for filters'],
  ['attemptsMs', 'in earlier attempts'],
  ['waitedMs', 'waiting for a connection'],
  ['connectMs', 'connecting'],
  ['firstByteMs', "waiting for the upstream's first byte"],
  ['bodyMs', 'passing the body on'],
  ['clientMs', 'waiting for the client to read'],
  ['otherMs', 'in all else'],
] as const

/** The story of one request for a person, line by line. */
export function storyText(story: RequestStory, paint: Paint): string {
  const row = (label: string, text: string): string =>
    `${paint('note', label.padEnd(COLUMN))}${printable(text)}`
  const lines = [
    row('exchange', `${story.id ?? '(none)'}, ${story.at}, ${durationText(story.durationMs)}`),
    ...story.phases.map(({ layer, says, at, decided }) => {
      const from = at === null ? '' : `, ${at.object} (${at.file}:${at.line})`
      const text = `${says}${from}`
      return decided
        ? paint('error', `${layer.padEnd(COLUMN)}${printable(text)}  ← decided`)
        : row(layer, text)
    }),
    ...filterRows(story).map(text => row('filter', text)),
    ...attemptRows(story).map(text => row('attempt', text)),
    ...story.notes.map(({ name, value }) => row('note', `${name} ${value}`)),
    row('time', timeText(story)),
    ...(story.snapshot.inForce
      ? []
      : [
          row(
            'changed',
            `the configuration has changed since (it met version ${story.snapshot.version}): rules and filters are told as they are now`,
          ),
        ]),
    ...(story.others === 0 ? [] : [row('others', `${story.others} older requests have the same id`)]),
    ...(story.cut.length === 0 ? [] : [row('cut', `no room for the whole of: ${story.cut.join(', ')}`)]),
  ]
  return `${lines.join('\n')}\n`
}

/** Those that let it pass, or were not met; what others did is among the layers. */
function filterRows({ filters }: RequestStory): string[] {
  return filters
    .filter(({ did }) => did === 'passed' || did === 'not-met')
    .map(({ type, phase, did, summary, at }) => {
      const what = did === 'passed' ? 'passed' : 'was not met'
      const says = summary === null || summary === '' ? '' : `: ${summary}`
      return `${type} (${phase ?? 'unknown'}) ${what}${says}, ${at.object} (${at.file}:${at.line})`
    })
}

function attemptRows({ attempts, leftOut }: RequestStory): string[] {
  const rows = attempts.map((attempt, i) => {
    const { endpoint, sentAfterMs, endedAfterMs, status, failure, reason, connectMs } = attempt
    const came =
      failure === null ? String(status ?? 'no answer') : `${failure}${reason === null ? '' : `: ${reason}`}`
    const sent = sentAfterMs === null ? 'never sent' : `sent after ${durationText(sentAfterMs)}`
    const connected = connectMs > 0 ? `, ${durationText(connectMs)} to connect` : ''
    return `${i + 1}. ${endpoint ?? 'no endpoint'}: ${came}; ${sent}${connected}, over after ${durationText(endedAfterMs)}`
  })
  return leftOut > 0 ? [...rows, `${leftOut} more are not told`] : rows
}

function timeText({ timings }: RequestStory): string {
  const parts = TIMES.filter(([name]) => timings[name] >= 0.05).map(
    ([name, what]) => `${durationText(timings[name])} ${what}`,
  )
  const head = timings.headMs > 0 ? `; before that, ${durationText(timings.headMs)} for the head to come` : ''
  return `${durationText(timings.totalMs)}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}${head}`
}
