import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { CommandFailure } from './flag.ts'

/**
 * Puts a whole file in the place of whatever has this name: who reads it at any moment sees the old one or the new
 * one, and a private key is never there with more rights than `mode`. Throws CommandFailure with the reason.
 */
export function writeWhole(file: string, text: string, mode: number): void {
  const hidden = join(dirname(file), `.${basename(file)}.${process.pid}`)
  try {
    const fd = openSync(hidden, 'wx', mode)
    try {
      writeFileSync(fd, text)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(hidden, file)
  } catch (error) {
    rmSync(hidden, { force: true })
    throw new CommandFailure(
      `cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
