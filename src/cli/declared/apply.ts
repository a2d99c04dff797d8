import type { Given } from '../command/flag.ts'
import { sessionOf } from '../management/session.ts'
import { changeLines, changesOf } from './changes.ts'
import { dryRun } from './flags.ts'

/** `portcullis apply`: 0, or 1 where something of it is wrong. */
export async function apply(given: Given): Promise<number> {
  const session = sessionOf(given)
  const only = given.get(dryRun)
  const answer = await changesOf(session, given, only)
  const { changes, applied, inForce } = answer
  if (session.output === 'json') process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`)
  else {
    const lines = changes.flatMap(change => changeLines(change, session.paint))
    process.stdout.write(lines.map(line => `${line}\n`).join(''))
    if (only) process.stderr.write('nothing has been changed (--dry-run)\n')
    else if (applied && !inForce)
      process.stderr.write('it is stored, and not in force in all workers yet: see portcullis status\n')
  }
  const isWrong = changes.some(({ problems }) => problems.some(({ severity }) => severity === 'error'))
  return isWrong ? 1 : 0
}
