import { Compile } from 'typebox/compile'
import type { Place } from '../aggregate/faults.ts'
import type { Filter } from './filter.ts'

/** `spec.config` of a Filter as its bundle is given it, or what is wrong with it, with places below `spec`. */
export type ConfigReading =
  | { readonly config: unknown }
  | { readonly faults: readonly { readonly path: Place; readonly message: string }[] }

/** Beyond that nobody reads on. */
const MOST_FAULTS = 10

/** Defaults of the schema stand where nothing is given. */
export function configOf({ filter: { config: schema } }: Filter, given: unknown): ConfigReading {
  if (schema === null) {
    if (given === undefined) return { config: undefined }
    return { faults: [{ path: ['config'], message: 'is for nothing: the bundle has no config' }] }
  }
  const validator = Compile(schema)
  const config: unknown = validator.Default(structuredClone(given ?? {}))
  if (validator.Check(config)) return { config }
  const faults = validator
    .Errors(config)
    .slice(0, MOST_FAULTS)
    .map(({ instancePath, message }) => ({
      path: ['config', ...instancePath.split('/').slice(1)],
      message: `${message}, as the bundle has it`,
    }))
  return { faults }
}
