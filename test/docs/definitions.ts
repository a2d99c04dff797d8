import { stringify } from 'yaml'
import { kinds } from '../../src/cli/roles.ts'
import { customResourceDefinitions } from '../../src/model/crd.ts'

const options = { lineWidth: 0, aliasDuplicateObjects: false } as const

/** What is in deploy/crds, by the name of the file: `npm run docs` writes it, and a test holds it to that. */
export const definitions: Readonly<Record<string, string>> = Object.fromEntries(
  customResourceDefinitions(kinds).map(one => {
    const { name } = one['metadata'] as { readonly name: string }
    return [`${name}.yaml`, stringify(one, options)]
  }),
)
