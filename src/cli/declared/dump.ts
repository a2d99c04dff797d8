import { parseDocument } from 'yaml'
import type { ObjectWhole, Objects } from '../../admin/shapes/object.ts'
import { REDACTED } from '../../telemetry/redact.ts'
import type { Given } from '../command/flag.ts'
import { all, ask, sessionOf } from '../management/session.ts'
import { everything, kind } from './flags.ts'

type Line = Objects['items'][number]

/** So many are asked for at once. */
const AT_ONCE = 8

/** `portcullis dump`. */
export async function dump(given: Given): Promise<number> {
  const session = sessionOf(given)
  const wanted = given.get(kind)
  const lines = await all<Line>(session, '/v1/objects', wanted === '' ? {} : { kind: wanted })
  const own = given.get(everything) ? lines : lines.filter(({ source }) => source === null)
  const texts: string[] = []
  for (let i = 0; i < own.length; i += AT_ONCE) {
    const wholes = own.slice(i, i + AT_ONCE).map(line => ask<ObjectWhole>(session, 'GET', pathOf(line)))
    for (const { yaml } of await Promise.all(wholes)) if (yaml !== null) texts.push(shown(yaml))
  }
  if (texts.length === 0) process.stderr.write('the store has no such object\n')
  process.stdout.write(texts.join('---\n'))
  return 0
}

function pathOf({ group, kind: of, namespace, name }: Line): string {
  const parts = [group === '' ? 'core' : group, of, namespace === '' ? '-' : namespace, name]
  return `/v1/objects/${parts.map(encodeURIComponent).join('/')}`
}

/** What has lost something secret would, applied, be in the place of what has not. */
function shown(whole: string): string {
  const yaml = asWritten(whole)
  if (!yaml.includes(REDACTED)) return yaml
  const note = '# This one has something secret in it, and cannot be applied as it stands.\n'
  return note + yaml.replaceAll(/^/gm, '# ').replace(/# $/, '')
}

/** Without what the store has added: it counts and dates an object anew. */
function asWritten(yaml: string): string {
  const document = parseDocument(yaml)
  for (const field of ['generation', 'creationTimestamp', 'uid', 'resourceVersion'])
    document.deleteIn(['metadata', field])
  return document.toString({ lineWidth: 0 })
}
