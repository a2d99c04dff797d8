import { createReadStream, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { CommandFailure, UsageError, type Given } from '../command/flag.ts'
import { data, store } from '../command/flags.ts'
import { roles } from '../roles.ts'
import { lockFile } from '../run/directory-lock.ts'

/** `portcullis restore`. */
export async function restore(given: Given): Promise<number> {
  const [file, ...more] = given.operands
  if (file === undefined || more.length > 0)
    throw new UsageError('restore: expected one FILE, or - for standard input')
  const into = roles.find(role => role.restore !== undefined)?.restore
  if (into === undefined) throw new CommandFailure('no role that is built has a store')
  const url = given.get(store)
  const lines = linesOf(file)
  const rows =
    url === ''
      ? await whileNobodyRuns(given.get(data), where => told(() => into(where, lines)))
      : await told(() => into(url, lines))
  process.stderr.write(
    `${rows} rows are restored. Start the gateway with the --secrets of the one that the backup is of.\n`,
  )
  return 0
}

function linesOf(file: string): AsyncIterable<string> {
  const input = file === '-' ? process.stdin : createReadStream(file, { fd: opened(file) })
  return linesIn(input)
}

/** Read when they are asked for: what an interface has read before somebody iterates is lost, and its end with it. */
async function* linesIn(input: Readable): AsyncGenerator<string> {
  yield* createInterface({ input, crlfDelay: Infinity })
}

function opened(file: string): number {
  try {
    return openSync(file, 'r')
  } catch (error) {
    throw new CommandFailure(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** In the folder of --data, which a gateway that runs has to itself. */
async function whileNobodyRuns<T>(folder: string, act: (file: string) => Promise<T>): Promise<T> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = lockFile(join(folder, 'lock'))
  if (lock === null) throw new CommandFailure(`a gateway runs with --data ${folder}: end it first`)
  try {
    return await act(join(folder, 'store.db'))
  } finally {
    lock.release()
  }
}

/** What is wrong with a file or a store is no fault of the program. */
async function told<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    throw new CommandFailure(error.message, { cause: error })
  }
}
