import { registerHooks } from 'node:module'

const isSource = import.meta.url.endsWith('.ts')
/** Where what users import of us is: beside this file's folder, as source and as built. */
const own = new URL(isSource ? '../' : '../composition/', import.meta.url)
const extension = isSource ? '.ts' : '.js'

const entries: ReadonlyMap<string, string> = new Map([
  ['portcullis/composition', new URL(`composition${extension}`, own).href],
  ['portcullis/composition/testing', new URL(`testing${extension}`, own).href],
])

/** Of build/composition.ts: the last part of a package's name is the folder of its copy. */
const SHARED = /^(?:@bufbuild\/(?=protobuf)|(?=typebox))(\w+)(?:\/(\w+))?$/

let registered = false

/**
 * Has `portcullis/composition` be the running program's own copy in this thread, wherever the file is that imports it: a
 * second engine would know neither this one's calls nor its answers, and a bundle may lie where nothing is installed.
 * `typebox` is the same one for the engine and for bundles (formats that one registers the other must check), and so is
 * `@bufbuild/protobuf`: what is installed beside the program, else the one that is part of it. Must run before the engine
 * is imported.
 */
export function resolveOwnCopy(): void {
  if (registered) return
  registered = true
  registerHooks({
    resolve(specifier, context, next) {
      const url = entries.get(specifier)
      if (url !== undefined) return { url, shortCircuit: true }
      const [, name, entry = 'index'] = SHARED.exec(specifier) ?? []
      if (name === undefined) return next(specifier, context)
      try {
        return next(specifier, { ...context, parentURL: import.meta.url })
      } catch (error) {
        if (isSource) throw error
        return { url: new URL(`${name}/${entry}.js`, own).href, shortCircuit: true }
      }
    },
  })
}
