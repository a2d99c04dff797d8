import { roles } from '../../src/cli/roles.ts'
import { ruleTypes } from '../../src/cli/rule-types.ts'
import type { Resources } from '../../src/model/resources.ts'
import type { Translation } from '../../src/snapshot/merge.ts'
import { translateAll, type TranslateOptions } from '../../src/translation/role.ts'

/** Every filter and action that is built. */
export const types = ruleTypes

/** What all roles that are built make of the resources, as the program has it. */
export function translate(resources: Resources, options?: TranslateOptions): Translation {
  return translateAll(roles, resources, options)
}
