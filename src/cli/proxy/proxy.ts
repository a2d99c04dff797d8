import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { authorityText } from '../../http/authority-text.ts'
import { FileSource } from '../../control/files/file-source.ts'
import { CommandFailure, UsageError } from '../command/flag.ts'
import type { RunOptions } from '../command/options.ts'
import { choose } from '../roles.ts'
import { run } from '../run/run.ts'
import { writeWhole } from '../command/write.ts'
import { readListen, readMapping, type Listen, type Mapping } from './mapping.ts'
import { resourcesOf } from './resources.ts'

export interface ProxyOptions extends Omit<RunOptions, 'paths'> {
  readonly listen: string
  readonly mappings: readonly string[]
  /** Folder for the YAML; "" is none. */
  readonly save: string
}

const SECRET = 'proxy-tls'

/** `portcullis proxy`: serves until a signal ends it; the answer is the exit code. */
export async function proxy({
  listen: where,
  mappings: wanted,
  save,
  ...options
}: ProxyOptions): Promise<number> {
  const { kinds } = choose(options.roles)
  const listen = readListen(where)
  const mappings = wanted.map(readMapping)
  refuseRepeated(mappings)
  if (save !== '') refuseOverwriting(save)
  const secret = listen.scheme === 'https' ? await certificate(mappings, options.dataDir) : ''
  const yaml = resourcesOf(listen, mappings, secret === '' ? '' : SECRET)
  if (save !== '') saveTo(save, yaml, secret)
  process.stderr.write(told(listen, mappings, save))
  // What was saved is served from there, so that whoever edits it sees the change.
  if (save !== '') return run({ ...options, paths: [save] })
  const texts = [{ name: 'proxy', text: `${yaml}---\n${secret}` }]
  return run({ ...options, paths: ['the command line'] }, new FileSource([], kinds, { texts }))
}

function refuseRepeated(mappings: readonly Mapping[]): void {
  const seen = new Set<string>()
  for (const { host, path } of mappings) {
    if (seen.has(host + path)) throw new UsageError(`proxy: ${host}${path} is given twice`)
    seen.add(host + path)
  }
}

async function certificate(mappings: readonly Mapping[], dataDir: string): Promise<string> {
  const { DevelopmentAuthority, authorityFolder } = await import('../certificates/authority.ts')
  const { secretYaml } = await import('../certificates/secret-yaml.ts')
  const authority = await DevelopmentAuthority.open(authorityFolder(dataDir))
  const hosts = new Set(mappings.map(({ host }) => host).filter(host => host !== ''))
  const pair = await authority.issue([...hosts, 'localhost', '127.0.0.1', '::1'], 365)
  process.stderr.write(`certificate by your own authority; try curl --cacert ${authority.file}\n`)
  return secretYaml(SECRET, '', 'kubernetes.io/tls', { 'tls.crt': pair.certificate, 'tls.key': pair.key })
}

function refuseOverwriting(folder: string): void {
  for (const name of ['proxy.yaml', 'proxy-tls.yaml'])
    if (existsSync(join(folder, name)))
      throw new CommandFailure(
        `proxy: ${join(folder, name)} is there already; remove it, or serve it: portcullis run ${folder}`,
      )
}

function saveTo(folder: string, yaml: string, secret: string): void {
  const files = { 'proxy.yaml': yaml, ...(secret === '' ? {} : { 'proxy-tls.yaml': secret }) }
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new CommandFailure(
      `proxy: cannot make ${folder}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  for (const [name, text] of Object.entries(files))
    writeWhole(join(folder, name), text, name === 'proxy.yaml' ? 0o644 : 0o600)
}

function told(listen: Listen, mappings: readonly Mapping[], save: string): string {
  const rows = mappings.map(({ host, path, target }) => {
    const from = `${listen.scheme}://${authorityText(host || listen.address || '127.0.0.1', listen.port)}${path}`
    const to = target.endpoints.map(({ address, port }) => authorityText(address, port))
    return [from, `${target.protocol}://${to.join(',')}${target.prefix}`] as const
  })
  const width = Math.max(...rows.map(([from]) => from.length))
  const saved = save === '' ? '' : `the same as YAML: ${join(save, 'proxy.yaml')} (portcullis run ${save})\n`
  return `${rows.map(([from, to]) => `${from.padEnd(width)} → ${to}\n`).join('')}${saved}`
}
