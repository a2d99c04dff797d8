import { renameSync, writeFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Puts a file in the place of another one, as editors and ConfigMaps do; not from the thread that measures answers. */
export async function replace(file: string, text: string): Promise<void> {
  const next = join(dirname(file), '.next')
  await writeFile(next, text)
  await rename(next, file)
}

export function replaceSync(file: string, text: string): void {
  const next = join(dirname(file), '.next')
  writeFileSync(next, text)
  renameSync(next, file)
}
