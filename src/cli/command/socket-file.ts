import { join } from 'node:path'

/** Where a running gateway that uses this folder of --data is asked, by its own user. */
export function socketFile(dataDir: string): string {
  return join(dataDir, 'run', 'admin.sock')
}
