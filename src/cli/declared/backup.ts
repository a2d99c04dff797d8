import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { once } from 'node:events'
import { basename, dirname, join } from 'node:path'
import { adminClient, type AdminClient } from '../command/admin-client.ts'
import { CommandFailure, UsageError, type Given } from '../command/flag.ts'
import { plainly } from '../management/session.ts'
import { force } from './flags.ts'

/** `portcullis backup`. */
export async function backup(given: Given): Promise<number> {
  const [file, ...more] = given.operands
  if (file === undefined || more.length > 0)
    throw new UsageError('backup: expected one FILE, or - for standard output')
  const client = adminClient(given)
  if (file === '-') {
    await write(client, async line => {
      if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
    })
    return 0
  }
  if (existsSync(file) && !given.get(force))
    throw new CommandFailure(`${file} is there already; --force writes over it`)
  const rows = await intoFile(client, file)
  process.stderr.write(
    `${file}: ${rows} rows. Keep the folder of --secrets as well: without its peppers no key counts.\n`,
  )
  return 0
}

/** The name is that of a whole backup, or of none. */
async function intoFile(client: AdminClient, file: string): Promise<number> {
  const hidden = join(dirname(file), `.${basename(file)}.${process.pid}`)
  const fd = openSync(hidden, 'wx', 0o600)
  try {
    const rows = await write(client, line => void writeSync(fd, `${line}\n`))
    fsyncSync(fd)
    renameSync(hidden, file)
    return rows
  } catch (error) {
    rmSync(hidden, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
}

/** Line by line; how many rows the last one says that there are. */
async function write(client: AdminClient, take: (line: string) => void | Promise<void>): Promise<number> {
  let last = ''
  try {
    for await (const line of client.lines('/v1/backup')) {
      await take(line)
      last = line
    }
  } catch (error) {
    throw plainly(error)
  }
  const rows = rowsOf(last)
  if (rows === null) throw new CommandFailure('the backup has no end: it is half of one')
  return rows
}

function rowsOf(line: string): number | null {
  try {
    const { end, rows } = JSON.parse(line) as { end?: unknown; rows?: unknown }
    return end === true && typeof rows === 'number' ? rows : null
  } catch {
    return null
  }
}
