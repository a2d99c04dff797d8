import { readFileSync, realpathSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { attempt, reason } from './scan.ts'
import { fieldOf } from './words.ts'
import type { Declaration } from './yaml.ts'

/**
 * Annotations of a Secret or ConfigMap that name files: `file.portcullis.dev/tls.crt: shop.crt` is the value `tls.crt`
 * of its data. The path is relative to the file that declares it, and never leads out of the folder that was given to
 * read.
 */
const PREFIX = 'file.portcullis.dev/'

/** As the API server has it, of all of an object's data (core v1, MaxSecretSize). */
const MOST_BYTES = 1_048_576

/** Where a text came from: paths in it are relative to `path`, and lead nowhere but below `root`. */
export interface TextFolder {
  readonly path: string
  readonly root: string
}

/** A file that was read for an object's data. */
export interface Attached {
  readonly path: string
  readonly stamp: string
}

export interface Filled {
  /** With the data, and violations where some of it could not be had. */
  readonly declaration: Declaration
  readonly attached: readonly Attached[]
}

/** Takes in what an object's annotations name; `folder` is null where there is no folder, as for standard input. */
export function fill(declaration: Declaration, folder: TextFolder | null): Filled {
  const { value } = declaration
  const field = dataField(value)
  const annotations = fieldOf(fieldOf(value, 'metadata'), 'annotations')
  const names = Object.entries(typeof annotations === 'object' && annotations !== null ? annotations : {})
  const wanted = names.filter(([name]) => name.startsWith(PREFIX))
  if (field === null || wanted.length === 0) return { declaration, attached: [] }
  const reads = wanted.map(([name, path]) => ({ name, read: readBeside(String(path), folder) }))
  const violations = reads.flatMap(({ name, read }) =>
    typeof read === 'string' ? [{ path: ['metadata', 'annotations', name], message: read }] : [],
  )
  const attached = reads.flatMap(({ read }) => (typeof read === 'string' ? [] : [read]))
  const data = Object.fromEntries(
    reads.map(({ name, read }) => [
      name.slice(PREFIX.length),
      typeof read === 'string' ? '' : read.bytes.toString('base64'),
    ]),
  )
  const filled = { ...(value as object), [field]: { ...(fieldOf(value, field) as object), ...data } }
  return { declaration: { ...declaration, value: filled, violations, namesFiles: true }, attached }
}

/** Whether a file that was read is another one now, or gone. */
export function hasChanged({ path, stamp }: Attached): boolean {
  return stampOf(path) !== stamp
}

function dataField(value: unknown): 'data' | 'binaryData' | null {
  if (fieldOf(value, 'apiVersion') !== 'v1') return null
  const kind = fieldOf(value, 'kind')
  return kind === 'Secret' ? 'data' : kind === 'ConfigMap' ? 'binaryData' : null
}

/** The file, or what is wrong with it. */
function readBeside(
  path: string,
  folder: TextFolder | null,
): (Attached & { readonly bytes: Buffer }) | string {
  if (folder === null)
    return `names ${path}, expected a value in data: standard input has no folder beside it`
  const file = join(folder.path, path)
  const [real, root] = [attempt(() => realpathSync(file)), attempt(() => realpathSync(folder.root))]
  if (real instanceof Error || root instanceof Error)
    return `names ${path}, which cannot be found, expected a file`
  if (path.startsWith('/') || !isBelow(real, root))
    return `names ${path}, which is outside of ${folder.root}, expected a file below it`
  const stamp = stampOf(file)
  const size = attempt(() => statSync(file).size)
  if (typeof size === 'number' && size > MOST_BYTES)
    return `names ${path}, which has ${size} bytes, expected at most ${MOST_BYTES}`
  const bytes = attempt(() => readFileSync(real))
  return bytes instanceof Error ? `names ${path}, which ${reason(bytes)}` : { path: file, stamp, bytes }
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith('../')
}

function stampOf(file: string): string {
  const stats = attempt(() => statSync(file))
  return stats instanceof Error
    ? ''
    : `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`
}
