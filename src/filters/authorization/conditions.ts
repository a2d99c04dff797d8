import { headerValue, isKeptApart, queryValues } from '../../http/request-values.ts'
import type { RequestHead } from '../../http/head.ts'
import { sameName } from '../../http/fields.ts'
import { withHyphens } from '../spellings.ts'
import { claimReader } from './claims.ts'
import { numberOf, type ConditionConfig } from './condition-table.ts'
import { identityOf, ofAddresses } from './subject.ts'
import { compileGlob } from './texts.ts'
import { compileTime, compileWeekday } from './times.ts'
import { not, saidHolds, someHold, truth, type Predicate, type Readings, type ValueTest } from './truth.ts'

/** `wallMs` tells milliseconds since 1970. */
export function compileCondition(condition: ConditionConfig, wallMs: () => number): Predicate {
  const negated = condition.operator === 'NotIn' || condition.operator === 'DoesNotExist'
  switch (condition.attribute) {
    case 'Header':
      return ofReadings(condition, negated, headerReader(condition.name))
    case 'Query':
      return ofReadings(condition, negated, x => queryReadings(x.asked.query, condition.name))
    case 'Claim':
      return ofClaim(condition, negated)
    case 'Time':
      return compileTime(condition, wallMs)
    case 'Weekday':
      return maybeNot(negated, compileWeekday(condition, wallMs))
    case 'Address':
      return maybeNot(negated, ofAddresses(condition.values))
  }
}

function maybeNot(negated: boolean, predicate: Predicate): Predicate {
  return negated ? x => not(predicate(x)) : predicate
}

function valueTest({ operator, values }: ConditionConfig): ValueTest {
  switch (operator) {
    case 'In':
    case 'NotIn': {
      const known = new Set(values)
      return value => truth(known.has(value))
    }
    case 'Exists':
    case 'DoesNotExist':
      return () => 'yes'
    case 'Prefix':
      return value => truth(values.some(one => value.startsWith(one)))
    case 'Suffix':
      return value => truth(values.some(one => value.endsWith(one)))
    case 'Matches': {
      const globs = values.map(compileGlob)
      return value => truth(globs.some(matches => matches(value)))
    }
    case 'GreaterThan':
    case 'LessThan':
    case 'Between':
      return numberTest(operator, values.map(Number))
  }
}

/** What is no number may be any to who reads it otherwise. */
function numberTest(
  operator: 'GreaterThan' | 'LessThan' | 'Between',
  [first = 0, second = 0]: readonly number[],
): ValueTest {
  const holds = {
    GreaterThan: (n: number) => n > first,
    LessThan: (n: number) => n < first,
    Between: (n: number) => n >= first && n < second,
  }[operator]
  return value => {
    const n = numberOf(value.trim())
    return n === null ? 'unknown' : truth(holds(n))
  }
}

type Reader = (x: Parameters<Predicate>[0]) => Readings

function ofReadings(condition: ConditionConfig, negated: boolean, read: Reader): Predicate {
  const test = valueTest(condition)
  return maybeNot(negated, x => saidHolds(read(x), test))
}

function headerReader(name: string): Reader {
  const hyphened = withHyphens(name)
  return ({ request }) => {
    if (!isKeptApart(name)) return headerReadings(request, name, hyphened)
    const value = headerValue(request, name)
    return { said: value === undefined ? [] : [value], otherwise: [] }
  }
}

/** A field that comes several times is read by some as the first, the last, or one list (RFC 9110 §5.3), and `_` as `-`. */
function headerReadings({ fields: { list } }: RequestHead, name: string, hyphened: string): Readings {
  const said: string[] = []
  const otherwise: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    const field = list[i]!
    if (field.length !== name.length) continue
    if (sameName(field, name)) said.push(list[i + 1]!)
    else if (withHyphens(field) === hyphened) otherwise.push(list[i + 1]!)
  }
  if (said.length > 1) otherwise.push(said.join(', '))
  for (const value of said)
    if (value.includes(',')) otherwise.push(...value.split(',').map(one => one.trim()))
  return { said, otherwise }
}

/** A "+" is a space to whoever takes the query for a form. */
function queryReadings(query: string, name: string): Readings {
  const said = queryValues(query, name)
  const plus = query.includes('+') ? queryValues(query.replaceAll('+', '%20'), name) : []
  return { said, otherwise: plus }
}

/**
 * Of nobody there is no claim; that it has not a value does not let nobody pass, and does deny it. A claim that is there
 * and cannot be compared (an object) may say anything.
 */
function ofClaim(condition: ConditionConfig, negated: boolean): Predicate {
  const read = claimReader(condition.name)
  const test = valueTest(condition)
  const isAsked = condition.operator === 'Exists' || condition.operator === 'DoesNotExist'
  return ({ notes }) => {
    const identity = identityOf(notes)
    if (identity === null) return negated ? 'unknown' : 'no'
    const { isThere, values, isOpaque } = read(identity.claims)
    const found = isAsked ? truth(isThere) : someHold(values, test)
    const holds = !isAsked && isOpaque && found === 'no' ? 'unknown' : found
    return negated ? not(holds) : holds
  }
}
