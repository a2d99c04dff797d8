import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { RECORD_VARIABLE, type RecordTask } from '../../composition/recording/task.ts'
import { painter, showsColour, type Paint } from '../../telemetry/colour.ts'
import { CommandFailure } from '../command/flag.ts'
import type { HostPort } from '../command/values.ts'
import { startGateway, lineOf } from './dev/gateway.ts'

export interface RecordOptions {
  /** Files and folders of resources. */
  readonly paths: readonly string[]
  readonly output: string
  /** Names of fields, parameters and members that are taken out. */
  readonly hidden: readonly string[]
  readonly admin: HostPort | null
}

/** `portcullis composition record`: a gateway whose compositions write down what their backends answer, until it is ended. */
export async function record({ paths, output, hidden, admin }: RecordOptions): Promise<number> {
  const resources = paths.length === 0 ? ['portcullis'] : paths
  for (const path of resources)
    if (!existsSync(path))
      throw new CommandFailure(
        `composition record: ${path} does not exist, expected a folder with a Composition`,
      )
  const task: RecordTask = { folder: resolve(output), hidden }
  const paint = painter(showsColour(1))
  const child = startGateway(resources, admin, { [RECORD_VARIABLE]: JSON.stringify(task) })
  const ended = once(child, 'close') as Promise<[number | null]>
  createInterface(child.stderr!).on('line', text => tell(text, output, paint))
  // Ctrl-C reaches both: a second signal would have the gateway leave what is under way.
  process.on('SIGINT', () => undefined)
  process.once('SIGTERM', () => child.kill('SIGTERM'))
  const [code] = await ended
  return code ?? 1
}

function tell(text: string, output: string, paint: Paint): void {
  const line = lineOf(text)
  if (line === null) return void process.stdout.write(`${text}\n`)
  const { time: _, level, event = '', ...fields } = line
  if (event === 'started')
    process.stdout.write(
      `${paint('good', 'started')}  on ${(fields['ports'] as readonly string[]).join(', ')}: what is asked there is recorded\n`,
    )
  else if (event === 'composition.recorded')
    process.stdout.write(
      `${paint('good', 'recorded')}  ${String(fields['call'])}  ${join(output, String(fields['file']))}\n`,
    )
  else if (level === 'error' || level === 'warn')
    process.stdout.write(
      `${paint(level === 'error' ? 'error' : 'warning', event)}  ${JSON.stringify(fields)}\n`,
    )
}
