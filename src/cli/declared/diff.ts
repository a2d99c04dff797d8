import { CommandFailure, type Given } from '../command/flag.ts'
import { sessionOf } from '../management/session.ts'
import { changesOf, differenceText } from './changes.ts'

/** `portcullis diff`: 0 where nothing would change, 1 where something would, 2 where nobody can say. */
export async function diff(given: Given): Promise<number> {
  const session = sessionOf(given)
  try {
    const answer = await changesOf(session, given, true)
    const changes = answer.changes.filter(({ change }) => change !== 'unchanged')
    process.stdout.write(
      session.output === 'json'
        ? `${JSON.stringify(changes, null, 2)}\n`
        : changes.map(change => differenceText(change, session.paint)).join('\n'),
    )
    return changes.length === 0 ? 0 : 1
  } catch (error) {
    // 1 would say that something differs.
    if (!(error instanceof CommandFailure)) throw error
    process.stderr.write(`portcullis: ${error.message}\n`)
    return 2
  }
}
