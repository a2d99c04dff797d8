import { isObject, objectIn, type Json } from './json.ts'

/** Takes out of a document what only operations have used that are not in it any more: its schemas tell of them. */
export function prune(document: Json): void {
  const components = objectIn(document, 'components')
  const used = new Set<string>()
  const { components: _, ...rest } = document
  const open: unknown[] = [rest]
  while (open.length > 0)
    for (const ref of refsIn(open.pop())) {
      if (used.has(ref)) continue
      used.add(ref)
      const [kind = '', name = ''] = ref.split('/')
      const all = components[kind]
      if (isObject(all)) open.push(all[name])
    }
  for (const [kind, all] of Object.entries(components)) {
    if (kind === 'securitySchemes' || !isObject(all)) continue
    for (const name of Object.keys(all)) if (!used.has(`${kind}/${name}`)) delete all[name]
    if (Object.keys(all).length === 0) delete components[kind]
  }
}

/** `schemas/Pet`: also of the mapping of a discriminator, where a bare name is one of a schema. */
function refsIn(part: unknown): string[] {
  const found: string[] = []
  const open: unknown[] = [part]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value === 'string') {
      const [, ref] = /^#\/components\/([^/]+\/[^/]+)/.exec(value) ?? []
      if (ref !== undefined) found.push(ref.replaceAll('~1', '/').replaceAll('~0', '~'))
    } else if (Array.isArray(value)) open.push(...(value as unknown[]))
    else if (isObject(value)) {
      open.push(...Object.values(value))
      if (isObject(value['mapping']))
        found.push(...Object.values(value['mapping']).map(name => `schemas/${String(name)}`))
    }
  }
  return found
}
