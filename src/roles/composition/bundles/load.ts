import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Gateway } from '../../../composition/routes/gateway.ts'

/** A bundle in this thread, and the files of which it is made: itself, and what it imports of its own. */
export interface LoadedBundle {
  readonly gateway: Gateway
}

/** Why a bundle cannot be loaded: `FILE:LINE: what is wrong`. */
export class BundleFault extends Error {
  override readonly name = 'BundleFault'

  /** Whether the same files may be loaded another time: what they need elsewhere may be there by then. */
  get mayPass(): boolean {
    return this.cause !== undefined && !(this.cause instanceof SyntaxError)
  }
}

/** Files as messages have them: from where the program runs. */
export const seenFromHere = (text: string): string => text.replaceAll(`${process.cwd()}/`, '')

/** Runs the module once; throws a BundleFault. */
export async function loadBundle(file: string, files: ReadonlySet<string>): Promise<LoadedBundle> {
  let module: Record<string, unknown>
  try {
    module = (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    throw new BundleFault(faultText(error, file, files), { cause: error })
  }
  const gateway = [module['gateway'], module['default']].find(isGateway)
  if (gateway === undefined)
    throw new BundleFault(
      `${file}: exports no gateway, expected: export const gateway = defineGateway({ … }), or export default`,
    )
  return { gateway }
}

function isGateway(value: unknown): value is Gateway {
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
