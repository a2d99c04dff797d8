import type { Extracted } from './extracted.ts'
import type { Printed } from './extract.ts'
import { FROM_NO_FILE, type BundleSource } from './source.ts'

/** What a composition says of itself. Code is loaded in a thread of its own; what is declared runs nothing. */
export async function extractedOf({ code, limits }: BundleSource, printed: Printed): Promise<Extracted> {
  if (code === null) return { manifest: null, fault: FROM_NO_FILE, files: [] }
  if ('aggregate' in code) {
    const { declaredIn } = await import('./declared.ts')
    return declaredIn(code.aggregate)
  }
  const { extract } = await import('./extract.ts')
  return extract(code, limits, printed)
}
