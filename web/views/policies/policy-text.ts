import { policyTexts as t } from '../../texts/policy.ts'
import { limitText } from '../limit-text.ts'

type Names = readonly string[] | undefined
type Place = Readonly<Partial<Record<keyof typeof t.places, string>>>
interface Claim {
  readonly name: string
  readonly values: readonly string[]
}

interface Accepted {
  readonly apiKey?: { readonly in?: readonly Place[] }
  readonly jwt?: {
    readonly issuer: string
    readonly audiences?: readonly string[]
    readonly requiredScopes?: readonly string[]
    readonly requiredClaims?: readonly Claim[]
    readonly in?: readonly Place[]
  }
  readonly clientCertificate?: { readonly subjects?: readonly string[] }
  readonly basic?: object
}

interface Rule {
  readonly name: string
  readonly action: keyof typeof t.actions
  readonly from?: Readonly<Partial<Record<keyof typeof t.who, readonly string[]>>> & {
    readonly claims?: readonly Claim[]
    readonly anonymous?: boolean
  }
  readonly to?: Readonly<Partial<Record<keyof typeof t.what, readonly string[]>>>
  readonly when?: readonly {
    readonly attribute: string
    readonly name?: string
    readonly operator: string
    readonly values?: readonly string[]
    readonly timeZone?: string
  }[]
}

interface Exception {
  readonly routes?: readonly { readonly kind?: string; readonly name: string }[]
  readonly paths?: readonly { readonly type?: string; readonly value: string }[]
  readonly methods?: readonly string[]
}

/** `spec` of a policy of management, as far as it is told in words. */
interface Spec {
  readonly credentials?: readonly Accepted[]
  readonly anonymous?: boolean
  readonly forwardCredentials?: boolean
  readonly rules?: readonly Rule[]
  readonly dryRun?: boolean
  readonly limits?: readonly LimitBy[]
  readonly except?: readonly Exception[]
}

interface LimitBy {
  readonly name: string
  readonly by?: keyof typeof t.by
  readonly claim?: string
  readonly header?: string
}

/** What a policy says, a rule a line. */
export function policyText(told: unknown): readonly string[] {
  const {
    credentials,
    anonymous = false,
    forwardCredentials = false,
    rules,
    dryRun = false,
    ...rest
  } = (told ?? {}) as Spec
  const { limits = [], except = [] } = rest
  return [
    ...(credentials ?? []).map(acceptedText),
    ...(credentials === undefined ? [] : [anonymous ? t.anonymous : t.closed]),
    ...(forwardCredentials ? [t.forwards] : []),
    ...(dryRun ? [t.dryRun] : []),
    ...(rules ?? []).map(ruleText),
    ...limits.map(limitByText),
    ...except.map(exceptionText),
  ]
}

const joined = (parts: readonly string[], by: string = ', '): string =>
  parts.filter(part => part !== '').join(by)

function acceptedText({ apiKey, jwt, clientCertificate, basic }: Accepted): string {
  if (apiKey !== undefined) return `${t.accepts.apiKey} ${placesText(apiKey.in ?? t.keyPlaces)}`
  if (jwt !== undefined)
    return joined([
      `${t.accepts.jwt(jwt.issuer)} ${placesText(jwt.in ?? t.tokenPlaces)}`,
      namesText(jwt.audiences, t.audiences),
      namesText(jwt.requiredScopes, t.scopes),
      (jwt.requiredClaims ?? []).length === 0 ? '' : t.claims(claimsText(jwt.requiredClaims ?? [])),
    ])
  if (clientCertificate !== undefined)
    return joined([t.accepts.clientCertificate, namesText(clientCertificate.subjects, t.subjects)], ' ')
  return basic === undefined ? '' : t.accepts.basic
}

function namesText(names: Names, text: (names: string) => string): string {
  return names === undefined || names.length === 0 ? '' : text(names.join(', '))
}

function placesText(places: readonly Place[]): string {
  const told = places.flatMap(place =>
    Object.entries(place).map(([kind, name]) => t.places[kind as keyof typeof t.places](name)),
  )
  return t.in(told.join(t.or))
}

function claimsText(claims: readonly Claim[]): string {
  return claims.map(({ name, values }) => `${name} ${values.join(t.or)}`).join(t.and)
}

function ruleText({ name, action, from, to, when = [] }: Rule): string {
  return joined(
    [
      `${name} ${t.actions[action]} ${fromText(from)} ${t.to} ${toText(to)}`,
      when.length === 0 ? '' : t.when(when.map(conditionText).join(t.and)),
    ],
    ', ',
  )
}

function fromText(from: Rule['from']): string {
  if (from === undefined) return t.anybody
  const { claims = [], anonymous, ...named } = from
  const known = anonymous === undefined ? '' : anonymous ? t.nobody : t.known
  return joined(
    [
      ...Object.entries(named).map(([kind, names]) => `${t.who[kind as keyof typeof t.who]} ${oneOf(names)}`),
      claims.length === 0 ? '' : claimsText(claims),
      known,
    ],
    t.and,
  )
}

function toText(to: Rule['to']): string {
  if (to === undefined) return t.anything
  const order = ['operations', 'methods', 'paths', 'hosts'] as const
  return joined(
    order.flatMap(kind => (to[kind] === undefined ? [] : [joined([t.what[kind], oneOf(to[kind])], ' ')])),
    ' ',
  )
}

const oneOf = (names: readonly string[]): string => names.join(t.or)

function conditionText({
  attribute,
  name = '',
  operator,
  values = [],
  timeZone = '',
}: NonNullable<Rule['when']>[number]): string {
  const compared = operator.replaceAll(/(?<=[a-z])[A-Z]/g, capital => ` ${capital}`).toLowerCase()
  const against = values.join(operator === 'Between' ? t.and : t.or)
  return joined([attribute.toLowerCase(), name, compared, against, timeZone], ' ')
}

function limitByText(limit: LimitBy): string {
  const { by = 'Identity', claim = '', header = '' } = limit
  const whose = t.by[by]
  const name = by === 'Claim' ? claim : header
  return `${limitText(limit)}, ${typeof whose === 'string' ? whose : whose(name)}`
}

function exceptionText({ routes = [], paths = [], methods = [] }: Exception): string {
  return t.except(
    joined(
      [
        oneOf(methods),
        oneOf(paths.map(({ type, value }) => (type === 'Exact' ? value : `${value}/…`.replace('//', '/')))),
        oneOf(routes.map(({ kind = 'HTTPRoute', name }) => `${kind}/${name}`)),
      ],
      ' ',
    ),
  )
}
