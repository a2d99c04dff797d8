import type { ObjectChange, ObjectChanges } from '../../api/shapes/declared-object.ts'
import type { Colour, Paint } from '../../telemetry/colour.ts'
import { CommandFailure, UsageError, type Given } from '../command/flag.ts'
import { plain } from '../../telemetry/plain.ts'
import { ask, type Session } from '../management/session.ts'
import { owner, prune } from './flags.ts'
import { declaredObjects } from './objects.ts'
import { changedLines, diffLines } from './line-diff.ts'

/** What the gateway makes of these files, or would make of them. Throws CommandFailure where they are not in order. */
export async function changesOf(session: Session, given: Given, dryRun: boolean): Promise<ObjectChanges> {
  const deletes = given.get(prune)
  const whose = given.get(owner)
  if (deletes && whose === '')
    throw new UsageError('--prune needs --owner: what others have put there is not deleted')
  const objects = await declaredObjects(given.operands)
  if (objects === null) throw new CommandFailure('nothing is sent, since not all of it is in order')
  const query = {
    ...(dryRun && { dryRun: 'true' }),
    ...(deletes && { prune: 'true' }),
    ...(whose !== '' && { owner: whose }),
  }
  return ask<ObjectChanges>(session, 'POST', '/v1/objects', { query, body: { objects } })
}

function nameOf({ object: { kind, namespace, name } }: ObjectChange): string {
  return `${kind}/${namespace === '' || namespace === 'default' ? '' : `${namespace}/`}${name}`
}

const COLOURS: Readonly<Record<ObjectChange['change'], Colour>> = {
  created: 'good',
  updated: 'note',
  deleted: 'warning',
  unchanged: 'dim',
}

/** `Plan/petstore-free updated`, and what is wrong with it now. */
export function changeLines(change: ObjectChange, paint: Paint): readonly string[] {
  const problems = change.problems.map(
    ({ severity, path, message }) =>
      `  ${paint(severity, severity)} ${path === '' ? '' : `${path}: `}${plain(message)}`,
  )
  return [`${plain(nameOf(change))} ${paint(COLOURS[change.change], change.change)}`, ...problems]
}

/** The lines that differ, with those around them. */
export function differenceText(change: ObjectChange, paint: Paint): string {
  const lines = (text: string | null): readonly string[] =>
    text === null ? [] : text.replace(/\n$/, '').split('\n')
  const told = changedLines(diffLines(lines(change.before), lines(change.after))).map(line => {
    if (line === null) return paint('dim', '  …')
    const text = `${line.mark} ${plain(line.text)}`
    return line.mark === ' ' ? text : paint(line.mark === '+' ? 'good' : 'error', text)
  })
  return [`${plain(nameOf(change))} ${paint(COLOURS[change.change], change.change)}`, ...told, ''].join('\n')
}
