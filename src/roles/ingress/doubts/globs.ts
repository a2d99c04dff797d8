import { routeDefaults } from '../../../model/defaults.ts'
import type { HTTPRouteRule } from '../../../model/kinds/http-route.ts'
import type { FieldPath } from '../../../model/resource.ts'
import type { Doubt } from '../../../translation/report.ts'

/** Paths in the spelling of other gateways' wildcards: `*` is an ordinary character of a URL, and taken for itself. */
export function globDoubts({ matches = [] }: HTTPRouteRule, path: FieldPath): Doubt[] {
  return matches.flatMap(({ path: match }, i) => {
    const { type = routeDefaults.pathType, value = routeDefaults.path } = match ?? {}
    if (type === 'RegularExpression' || !value.includes('*')) return []
    return [
      {
        severity: 'warning' as const,
        reason: 'LiteralAsterisk',
        path: [...path, 'matches', i, 'path', 'value'],
        message: `${JSON.stringify(value)} takes only paths with an asterisk in them; ${advice(value)}`,
      },
    ]
  })
}

function advice(value: string): string {
  const base = /^(\/.*?)\/?\.?\*+$/.exec(value)?.[1]
  if (base !== undefined && !base.includes('*'))
    return `for everything below ${base}, write PathPrefix ${JSON.stringify(base)}`
  if (/^\/\*+$/.test(value)) return 'for every path, write PathPrefix "/"'
  return 'for a pattern, write type: RegularExpression'
}
