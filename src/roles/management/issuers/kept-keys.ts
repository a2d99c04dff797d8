import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { IssuerRow } from '../rows.ts'

/** Public keys as they were had last, for a start while an issuer cannot be asked. */
export class KeptKeys {
  private readonly file: string | null
  private all: Record<string, IssuerRow['keys']> | null = null

  /** Null: nowhere to keep them. */
  constructor(folder: string | null) {
    this.file = folder === null ? null : join(folder, 'issuer-keys.json')
  }

  of(key: string): IssuerRow['keys'] | null {
    return this.read()[key] ?? null
  }

  /** Best effort: they are had again anyway. */
  keep(key: string, keys: IssuerRow['keys']): void {
    const all = this.read()
    if (this.file === null || JSON.stringify(all[key]) === JSON.stringify(keys)) return
    all[key] = keys
    try {
      writeFileSync(`${this.file}.new`, JSON.stringify(all), { mode: 0o600 })
      renameSync(`${this.file}.new`, this.file)
    } catch {
      // A full disk is told of by who needs it.
    }
  }

  private read(): Record<string, IssuerRow['keys']> {
    return (this.all ??= this.parse())
  }

  private parse(): Record<string, IssuerRow['keys']> {
    if (this.file === null) return {}
    try {
      return JSON.parse(readFileSync(this.file, 'utf8')) as Record<string, IssuerRow['keys']>
    } catch {
      return {}
    }
  }
}
