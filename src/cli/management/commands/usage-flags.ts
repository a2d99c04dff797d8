import {
  usageDimensions,
  usageSteps,
  type UsageDimension,
  type UsageStep,
} from '../../../api/shapes/usage-names.ts'
import { UsageError, type Flag } from '../../command/flag.ts'
import { output } from '../../command/flags.ts'
import { listOf, oneOf } from '../../command/values.ts'
import { account, limit, textFlag, timeOf } from '../flags.ts'

/** Names of flags have hyphens. */
const words: readonly string[] = usageDimensions.map(wordOf)

export function wordOf(dimension: UsageDimension): string {
  return dimension === 'overQuota' ? 'over-quota' : dimension
}

function oneDimension(text: string): UsageDimension {
  const found = usageDimensions[words.indexOf(text)]
  if (found === undefined) throw new UsageError(`"${text}" is not known, expected ${words.join(', ')}`)
  return found
}

export const by: Flag<readonly UsageDimension[]> = {
  name: 'by',
  placeholder: 'WHAT,…',
  fallback: '',
  help: `Rows for each of these: ${words.join(', ')}. Absent: application and API.`,
  choices: words,
  parse: text => {
    const all = listOf(oneDimension)(text)
    if (new Set(all).size < all.length) throw new UsageError(`"${text}" has one twice`)
    return all
  },
}

export const step: Flag<UsageStep> = {
  name: 'step',
  placeholder: usageSteps.join('|'),
  fallback: 'total',
  help: 'Rows for each minute, hour or day (UTC), or one for all the time.',
  parse: oneOf(...usageSteps),
}

const time = (name: string, fallback: string, help: string): Flag<string> => ({
  name,
  placeholder: 'WHEN',
  fallback,
  help: `${help}: 24h (ago), 2027-01-31, or a time by RFC 3339.`,
  parse: text => (text === '' ? '' : timeOf(text, -1)),
})

export const since = time('since', '24h', 'From then on')
export const until = time('until', '', 'Until then')

export const usageOutput: Flag<'text' | 'json' | 'csv'> = {
  ...output,
  placeholder: 'text|json|csv',
  parse: oneOf('text', 'json', 'csv'),
}

/** The largest first. */
export const rows: Flag<number> = { ...limit, help: 'So many rows at most; all of them where absent.' }

export const application = textFlag(
  'application',
  'NAME',
  'Only of this application: NAME, ACCOUNT/NAME or an id.',
)

export const ofAccount: Flag<string> = {
  ...account,
  help: 'Only of this account, which is also that of the application, where that is named by its name alone.',
}

/** Only what has this value, or one of several. */
export const values = [
  { dimension: 'api', flag: valuesOf('api', 'API,…', 'Only of these APIs: NAME, or NAMESPACE/NAME.') },
  { dimension: 'operation', flag: valuesOf('operation', 'ID,…', 'Only of these operations.') },
  { dimension: 'product', flag: valuesOf('product', 'PRODUCT,…', 'Only by these products.') },
  { dimension: 'plan', flag: valuesOf('plan', 'PLAN,…', 'Only by these plans.') },
  { dimension: 'subscription', flag: valuesOf('subscription', 'ID,…', 'Only by these subscriptions.') },
  {
    dimension: 'outcome',
    flag: valuesOf('outcome', 'OUTCOME,…', 'Only what ended so: answered, denied_limit, upstream_error …'),
  },
  { dimension: 'status', flag: valuesOf('status', 'CLASS,…', 'Only of these classes: 2xx, 4xx, 5xx …') },
] as const

function valuesOf(name: string, placeholder: string, help: string): Flag<readonly string[]> {
  return { name, placeholder, fallback: '', help, parse: listOf(text => text) }
}
