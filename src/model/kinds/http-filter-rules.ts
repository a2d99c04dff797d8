import { routeDefaults } from '../defaults.ts'
import {
  filterFields,
  type BackendObjectReference,
  type HTTPFilter,
  type PathModifier,
} from './http-filters.ts'
import type { Violation } from './shapes.ts'

type Path = Violation['path']

/** Filters that may be used once in a list (the CRD's CEL; RequestMirror and extensions may repeat). */
const atMostOnce = new Set([
  'CORS',
  'RequestHeaderModifier',
  'ResponseHeaderModifier',
  'RequestRedirect',
  'URLRewrite',
])

/** The CEL rules on a list of filters, in a rule or in a backendRef. */
export function filterListRules(filters: readonly HTTPFilter[], path: Path): Violation[] {
  const violations = filters.flatMap((filter, i) => oneFilter(filter, [...path, i]))
  filters.forEach((filter, i) => {
    const before = filters.slice(0, i).map(f => f.type)
    if (atMostOnce.has(filter.type) && before.includes(filter.type))
      violations.push({ path: [...path, i], message: `${filter.type} must not be repeated` })
    const rival =
      filter.type === 'RequestRedirect'
        ? 'URLRewrite'
        : filter.type === 'URLRewrite'
          ? 'RequestRedirect'
          : null
    if (rival !== null && before.includes(rival))
      violations.push({
        path: [...path, i],
        message: `${filter.type} must not be used together with ${rival}`,
      })
  })
  return violations
}

function oneFilter(filter: HTTPFilter, path: Path): Violation[] {
  const wanted = filterFields[filter.type]
  const violations: Violation[] = []
  for (const field of Object.values(filterFields))
    if (field !== wanted && filter[field] !== undefined)
      violations.push({
        path: [...path, field],
        message: `must be absent for filter type ${filter.type}, expected ${wanted}`,
      })
  if (filter[wanted] === undefined)
    violations.push({ path: [...path, wanted], message: `is required for filter type ${filter.type}` })
  return [...violations, ...fieldRules(filter, path)]
}

function fieldRules(filter: HTTPFilter, path: Path): Violation[] {
  const { requestMirror, requestRedirect, urlRewrite, cors, externalAuth } = filter
  return [
    ...(requestMirror ? mirrorRules(requestMirror, [...path, 'requestMirror']) : []),
    ...(requestRedirect?.path
      ? modifierRules(requestRedirect.path, [...path, 'requestRedirect', 'path'])
      : []),
    ...(urlRewrite?.path ? modifierRules(urlRewrite.path, [...path, 'urlRewrite', 'path']) : []),
    ...(cors ? corsRules(cors, [...path, 'cors']) : []),
    ...(externalAuth ? externalAuthRules(externalAuth, [...path, 'externalAuth']) : []),
  ]
}

function mirrorRules(mirror: NonNullable<HTTPFilter['requestMirror']>, path: Path): Violation[] {
  const { percent, fraction } = mirror
  const violations = backendRefRules(mirror.backendRef, [...path, 'backendRef'])
  if (percent !== undefined && fraction)
    violations.push({ path: [...path, 'fraction'], message: 'must be absent where percent is given' })
  if (fraction && fraction.numerator > (fraction.denominator ?? routeDefaults.mirrorDenominator))
    violations.push({
      path: [...path, 'fraction', 'numerator'],
      message: 'must not be more than the denominator (100 where absent)',
    })
  return violations
}

function modifierRules(modifier: PathModifier, path: Path): Violation[] {
  const wanted = modifier.type === 'ReplaceFullPath' ? 'replaceFullPath' : 'replacePrefixMatch'
  const other = modifier.type === 'ReplaceFullPath' ? 'replacePrefixMatch' : 'replaceFullPath'
  const violations: Violation[] = []
  if (modifier[wanted] === undefined)
    violations.push({ path: [...path, wanted], message: `is required for type ${modifier.type}` })
  if (modifier[other] !== undefined)
    violations.push({ path: [...path, other], message: `must be absent for type ${modifier.type}` })
  return violations
}

function corsRules(cors: NonNullable<HTTPFilter['cors']>, path: Path): Violation[] {
  return (['allowOrigins', 'allowMethods', 'allowHeaders'] as const)
    .filter(field => (cors[field] ?? []).some(value => value === '*') && (cors[field] ?? []).length > 1)
    .map(field => ({ path: [...path, field], message: 'cannot contain "*" beside other values' }))
}

function externalAuthRules(auth: NonNullable<HTTPFilter['externalAuth']>, path: Path): Violation[] {
  const wanted = auth.protocol === 'GRPC' ? 'grpc' : 'http'
  const other = auth.protocol === 'GRPC' ? 'http' : 'grpc'
  const violations = backendRefRules(auth.backendRef, [...path, 'backendRef'])
  if (auth[wanted] === undefined)
    violations.push({ path: [...path, wanted], message: `is required for protocol ${auth.protocol}` })
  if (auth[other] !== undefined)
    violations.push({ path: [...path, other], message: `must be absent for protocol ${auth.protocol}` })
  return violations
}

/** A reference to a core Service, which is what one without group and kind is, must have a port. */
export function backendRefRules(ref: BackendObjectReference, path: Path): Violation[] {
  const service = (ref.group ?? '') === '' && (ref.kind ?? 'Service') === 'Service'
  return service && ref.port === undefined
    ? [{ path: [...path, 'port'], message: 'is required for a Service', service: ref }]
    : []
}
