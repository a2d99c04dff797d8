import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Which gateway this is among those on one store, by a file in its folder of data; without one, another at each start. */
export function nodeId({
  dataDir,
  hasData,
}: {
  readonly dataDir: string
  readonly hasData: boolean
}): string {
  const made = randomUUID()
  if (!hasData) return made
  const file = join(dataDir, 'node-id')
  try {
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(file, `${made}\n`, { flag: 'wx' })
    return made
  } catch {
    return readFileSync(file, 'utf8').trim() || made
  }
}
