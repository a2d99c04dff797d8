import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Filter } from '../../../composition/filters/filter.ts'
import type { Gateway } from '../../../composition/routes/gateway.ts'
import type { Fault } from '../../../composition/aggregate/faults.ts'
import type { BundleCode } from './source.ts'

/** A bundle in this thread. */
export interface LoadedBundle {
  readonly gateway: Gateway | Filter
  /** Of a filter. */
  readonly config?: unknown
}

/** A bundle of a module. */
export type ModuleCode = Extract<BundleCode, { readonly file: string }>

/** Why a bundle cannot be loaded: `FILE:LINE: what is wrong`. */
export class BundleFault extends Error {
  override readonly name = 'BundleFault'
  /** Where it is in `spec` of the object; none where it is in the code. */
  readonly places: readonly Fault[]

  constructor(message: string, options: ErrorOptions = {}, places: readonly Fault[] = []) {
    super(message, options)
    this.places = places
  }

  /** Whether the same files may be loaded another time: what they need elsewhere may be there by then. */
  get mayPass(): boolean {
    return this.cause !== undefined && !(this.cause instanceof SyntaxError)
  }
}

/** Files as messages have them: from where the program runs. */
export const seenFromHere = (text: string): string => text.replaceAll(`${process.cwd()}/`, '')

/** Runs the module once; throws a BundleFault. */
export async function loadBundle(
  { file, filter }: ModuleCode,
  files: ReadonlySet<string>,
): Promise<LoadedBundle> {
  let module: Record<string, unknown>
  try {
    module = (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    throw new BundleFault(faultText(error, file, files), { cause: error })
  }
  const wanted = filter === undefined ? 'gateway' : 'filter'
  const found = [module[wanted], module['default']]
    .filter(isGateway)
    .find(one => 'filter' in one === (wanted === 'filter'))
  if (found === undefined)
    throw new BundleFault(`${file}: exports no ${wanted}, expected: ${EXPECTED[wanted]}`)
  return filter === undefined ? { gateway: found } : withConfig(file, found as Filter, filter.config)
}

const EXPECTED = {
  gateway: 'export const gateway = defineGateway({ … }), or export default',
  filter: 'export const filter = defineFilter({ … }), or export default',
} as const

async function withConfig(file: string, filter: Filter, given: unknown): Promise<LoadedBundle> {
  const { configOf } = await import('../../../composition/filters/config.ts')
  const reading = configOf(filter, given)
  if ('config' in reading) return { gateway: filter, config: reading.config }
  const { faults } = reading
  const texts = faults.map(({ path, message }) => `spec.${path.join('.')} ${message}`)
  throw new BundleFault(`${file}: ${texts.join('; ')}`, {}, faults)
}

function isGateway(value: unknown): value is Gateway | Filter {
  return (
    typeof value === 'object' &&
    value !== null &&
    'router' in value &&
    'backends' in value &&
    'routes' in value &&
    Array.isArray(value.routes)
  )
}

/** With the place that is of the bundle's own files, as near to the fault as the stack knows. */
function faultText(error: unknown, file: string, files: ReadonlySet<string>): string {
  if (!(error instanceof Error)) return `${file}: throws ${String(error)}`
  const stack = error.stack ?? ''
  const place = placeOfSyntax(stack, files) ?? placeIn(stack, files)
  return `${place ?? file}: ${error.message.split('\n', 1)[0] ?? ''}`
}

/** What cannot be parsed is shown before the stack: `/shop/home.gateway.ts:7`, lines to that one, and a caret below it. */
function placeOfSyntax(stack: string, files: ReadonlySet<string>): string | null {
  const [, place = '', line = '', caret = ''] =
    /^((?:file:\/)?\/[^\n]*):(\d+)\n(?:.*\n)*?( *)\^+\n/.exec(stack) ?? []
  const path = place.startsWith('file:') ? fileURLToPath(place) : place
  return files.has(path) ? `${path}:${line}:${caret.length + 1}` : null
}

/** `/shop/home.gateway.ts:7`, `/shop/home.gateway.ts:7:12` */
function placeIn(stack: string, files: ReadonlySet<string>): string | null {
  for (const [, url = '', place = ''] of stack.matchAll(/(file:\/\/[^\s:)]+|\/[^\s:()]+)((?::\d+)+)/g)) {
    const path = url.startsWith('file:') ? fileURLToPath(url) : url
    if (files.has(path)) return path + place
  }
  return null
}
