import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/** The text of a bundle as it was when it was loaded: what threads run that begin later, whatever its files are by then. */
export interface BundleText {
  /** By their URLs. */
  readonly modules: Readonly<Record<string, ModuleText>>
  /** What names lead to, by `namedBy`. */
  readonly resolved: Readonly<Record<string, string>>
}

interface ModuleText {
  /** As Node names it: `module-typescript`, `json`. */
  readonly format: string
  readonly source: string | Uint8Array
}

/** What a thread has loaded of bundles. */
export interface Loaded {
  /** Absolute; also of what is not there. */
  readonly files: ReadonlySet<string>
  readonly text: BundleText
}

/** Of this program: what is not of a bundle. As built, it is a folder above this file's. */
const program = new URL(import.meta.url.endsWith('.ts') ? '../../../' : '../', import.meta.url).href

/** What this thread loads of bundles from here on. */
export function followImports(): Loaded {
  const files = new Set<string>()
  const modules: Record<string, ModuleText> = {}
  const resolved: Record<string, string> = {}
  registerHooks({
    resolve(specifier, context, next) {
      const { parentURL } = context
      try {
        const found = next(specifier, context)
        if (isOfBundle(found.url)) {
          files.add(fileURLToPath(found.url))
          resolved[namedBy(specifier, parentURL)] = found.url
        }
        return found
      } catch (error) {
        // Once it is there, the bundle may be loaded.
        if (specifier.startsWith('.') && parentURL !== undefined && isOfBundle(parentURL))
          files.add(fileURLToPath(new URL(specifier, parentURL)))
        throw error
      }
    },
    load(url, context, next) {
      const loaded = next(url, context)
      const { format, source } = loaded
      if (isOfBundle(url) && source != null && format != null)
        modules[url] = { format, source: typeof source === 'string' ? source : bytesOf(source) }
      return loaded
    },
  })
  return { files, text: { modules, resolved } }
}

/** From here on this thread loads these modules as they were. What they did not load then is read where it is. */
export function loadAsKept({ modules, resolved }: BundleText): void {
  registerHooks({
    resolve(specifier, context, next) {
      const url = resolved[namedBy(specifier, context.parentURL)]
      return url === undefined ? next(specifier, context) : { url, shortCircuit: true }
    },
    load(url, context, next) {
      const kept = modules[url]
      return kept === undefined ? next(url, context) : { ...kept, shortCircuit: true }
    },
  })
}

/** Absolute. */
export const filesOf = ({ modules }: BundleText): ReadonlySet<string> =>
  new Set(Object.keys(modules).map(url => fileURLToPath(url)))

const namedBy = (specifier: string, parentURL = ''): string => `${parentURL} ${specifier}`

/** Packages do not change while they are used, and a bundle may have thousands of files of them. */
function isOfBundle(url: string): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/') && !url.startsWith(program)
}

function bytesOf(source: ArrayBuffer | NodeJS.TypedArray): Uint8Array {
  return source instanceof ArrayBuffer
    ? new Uint8Array(source)
    : new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
}
