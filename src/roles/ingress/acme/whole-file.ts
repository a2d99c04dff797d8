import { randomBytes } from 'node:crypto'
import { open, readFile, rename, rm } from 'node:fs/promises'

/** The system's code of an error, such as ENOENT; "" where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Whoever reads `file` at any moment sees the old text or the new one, also after a loss of power. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const hidden = await writeHidden(file, text)
  try {
    await rename(hidden, file)
  } catch (error) {
    await rm(hidden, { force: true })
    throw error
  }
}

/** A file beside that one, with this text in it, that is to be renamed or linked to it. */
export async function writeHidden(file: string, text: string): Promise<string> {
  const slash = file.lastIndexOf('/')
  const hidden = `${file.slice(0, slash)}/.${file.slice(slash + 1)}.${randomBytes(6).toString('hex')}`
  const handle = await open(hidden, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
    return hidden
  } catch (error) {
    await rm(hidden, { force: true })
    throw error
  } finally {
    await handle.close()
  }
}
