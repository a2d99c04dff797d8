import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { UpstreamPorts } from './upstreams.ts'

export interface Ports extends UpstreamPorts {
  readonly gateway: number
}

/** As written in the folder portcullis/. */
export const writtenPorts: Ports = { gateway: 8080, items: 9001, echo: 9002, troubled: 9003 }

const folder = fileURLToPath(new URL('portcullis', import.meta.url))

/**
 * The folder with the quickstart's resources; with other ports than the written
 * ones, a copy in a temporary folder. `remove` deletes the copy, and never the folder.
 */
export function resourcesFor(ports: Ports): { readonly folder: string; remove(): void } {
  const changes = names.filter(name => ports[name] !== writtenPorts[name])
  if (changes.length === 0) return { folder, remove: () => undefined }
  const copy = mkdtempSync(join(tmpdir(), 'portcullis-quickstart-'))
  cpSync(folder, copy, { recursive: true })
  for (const file of readdirSync(copy)) rewrite(join(copy, file), ports)
  return { folder: copy, remove: () => rmSync(copy, { recursive: true, force: true }) }
}

const names = ['gateway', 'items', 'echo', 'troubled'] as const

function rewrite(file: string, ports: Ports): void {
  const text = readFileSync(file, 'utf8')
  // One pass, so that a new port that is another one's old port is not replaced again.
  const changed = text.replaceAll(/\bport: (\d+)/g, (whole, digits: string) => {
    const name = names.find(known => String(writtenPorts[known]) === digits)
    return name === undefined ? whole : `port: ${ports[name]}`
  })
  writeFileSync(file, changed)
}
