import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { FileSource } from '../../control/files/file-source.ts'
import { authorityText } from '../../http/authority-text.ts'
import type { Problem } from '../../model/resource.ts'
import { CommandFailure } from '../command/flag.ts'
import { writeWhole } from '../command/write.ts'
import type { MappedTarget } from '../proxy/mapping.ts'
import { kinds } from '../roles.ts'
import { readDocument, type ApiDocument } from './document.ts'
import { filesOf, PORT, type Files, type Wanted } from './resources.ts'
import { readSource, type Source } from './source.ts'
import { plans } from './plans.ts'
import { tell } from './tell.ts'

export interface ImportOptions {
  /** A file, a URL of http or https, or `-`. */
  readonly source: string
  readonly target: MappedTarget
  /** "" is made from the title. */
  readonly name: string
  /** "" is where the document's first server has it. */
  readonly path: string
  readonly host: string
  readonly gateway: string
  /** Folder; "" is standard output. */
  readonly output: string
  readonly force: boolean
}

/** `portcullis import openapi`: 0, or 1 where the document is none that can be published. */
export async function importOpenapi(options: ImportOptions): Promise<number> {
  const source = await readSource(options.source)
  const { document, problems } = readDocument(source.text, source.name)
  tell(problems)
  if (document === null) return 1
  const wanted = under(wantedOf(options, document, source), options.output)
  const files = filesOf(document, source.text, wanted)
  const refused = refusals(files)
  tell(refused)
  if (refused.some(({ severity }) => severity === 'error')) return 1
  if (options.output === '') process.stdout.write(Object.values(files).join('---\n'))
  else writeTo(options.output, files, options.force)
  process.stderr.write(summary(document, source, wanted, options.output, files))
  return 0
}

function wantedOf({ target, ...given }: ImportOptions, document: ApiDocument, source: Source): Wanted {
  const served = document.serverPath === '' ? '/' : document.serverPath
  const path = given.path === '' ? served : given.path
  // A backend that was named without a path is where the document's servers are, if under another name.
  const prefix = target.prefix === '' ? served : target.prefix
  return {
    name: given.name === '' ? nameOf(document, source) : given.name,
    target: { ...target, prefix: prefix === path ? '' : prefix },
    basePath: path === '/' ? '' : path,
    host: given.host,
    gateway: given.gateway,
  }
}

/** Beside a Gateway that the folder has: another one on the same port would not be served. */
function under(wanted: Wanted, folder: string): Wanted {
  if (wanted.gateway !== '' || folder === '' || !existsSync(folder)) return wanted
  const own = join(folder, `${wanted.name}.yaml`)
  const others = new FileSource([folder], kinds)
    .load()
    .resources.list.filter(({ kind, at }) => kind === 'Gateway' && at([])?.file !== own)
  const [first] = others
  if (first === undefined) return wanted
  const names = others.map(({ metadata }) => metadata.name)
  if (others.length > 1)
    throw new CommandFailure(
      `${folder} has Gateways ${names.join(', ')}: --gateway says which of them is to serve it`,
    )
  return { ...wanted, gateway: first.metadata.name }
}

/** `Swagger Petstore - OpenAPI 3.0` is swagger-petstore, `Shop API` is shop. */
function nameOf({ title }: ApiDocument, { base }: Source): string {
  const name = slug(title.split(/ [-–—:|] |[:|(]/)[0]!).replace(/(-(rest|api|openapi|service|\d+))+$/, '')
  const found = name !== '' && name !== 'api' ? name : slug(base)
  return found === '' ? 'api' : found
}

function slug(text: string): string {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  return plain
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '')
}

/** What `check` would say of these objects, each by itself. */
function refusals(files: Files): readonly Problem[] {
  const texts = Object.entries(files).map(([name, text]) => ({ name, text }))
  return new FileSource([], kinds, { texts }).load().problems
}

function writeTo(folder: string, files: Files, force: boolean): void {
  const there = Object.keys(files)
    .map(name => join(folder, name))
    .find(file => existsSync(file))
  if (there !== undefined && !force)
    throw new CommandFailure(
      `${there} is there already; --force writes over it, --name makes another, and without -o it is printed`,
    )
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new CommandFailure(
      `cannot make ${folder}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  for (const [name, text] of Object.entries(files)) writeWhole(join(folder, name), text, 0o644)
}

/** What was made, and what to do next. */
function summary(
  document: ApiDocument,
  source: Source,
  { name, basePath, host, gateway, target }: Wanted,
  output: string,
  files: Files,
): string {
  const count = document.operations.length
  const where = output === '' ? 'the folder where you save this' : output
  const clients = `${host === '' || host.startsWith('*') ? 'http://127.0.0.1' : `http://${host}`}:${PORT}`
  const backend = target.endpoints.map(({ address, port }) => authorityText(address, port)).join(',')
  const [free] = plans(name)
  return [
    `${source.name}: ${document.title}, OpenAPI ${document.openapi}, ${count} operation${count === 1 ? '' : 's'}`,
    ...(output === ''
      ? []
      : [
          `written: ${Object.keys(files)
            .map(file => join(output, file))
            .join(', ')}`,
        ]),
    `clients find it at ${gateway === '' ? clients : `Gateway ${gateway}`}${basePath || '/'}, the backend has it at ${backend}${target.prefix || basePath || '/'}`,
    '',
    'Next:',
    `  portcullis run ${where}`,
    '  portcullis apps create my-app',
    `  portcullis subscriptions create my-app ${name} --plan ${free.name}`,
    '  portcullis keys create my-app',
    '',
  ].join('\n')
}
