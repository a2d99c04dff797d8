import { isAddressRange } from '../../http/address-ranges.ts'

/** One condition of a rule. */
export interface ConditionConfig {
  readonly attribute: Attribute
  /** Of a header (in lower case), a query parameter or a claim; "" for none. */
  readonly name: string
  readonly operator: Operator
  readonly values: readonly string[]
  /** IANA, of Time and Weekday; "" for none. */
  readonly timeZone: string
}

export type Attribute = 'Header' | 'Query' | 'Claim' | 'Time' | 'Weekday' | 'Address'

export type Operator =
  | 'In'
  | 'NotIn'
  | 'Exists'
  | 'DoesNotExist'
  | 'Prefix'
  | 'Suffix'
  | 'Matches'
  | 'GreaterThan'
  | 'LessThan'
  | 'Between'

interface AttributeRow {
  readonly isNamed: boolean
  readonly isTimed: boolean
  readonly operators: readonly Operator[]
  /** What its values are, for a message; null: any text, and a number where two are compared. */
  readonly expected: string | null
}

const ofTexts: readonly Operator[] = [
  'In',
  'NotIn',
  'Exists',
  'DoesNotExist',
  'Prefix',
  'Suffix',
  'Matches',
  'GreaterThan',
  'LessThan',
  'Between',
]

/** All that a condition can say. There is no language of expressions beside it. */
export const conditionTable: Readonly<Record<Attribute, AttributeRow>> = {
  Header: { isNamed: true, isTimed: false, operators: ofTexts, expected: null },
  Query: { isNamed: true, isTimed: false, operators: ofTexts, expected: null },
  Claim: { isNamed: true, isTimed: false, operators: ofTexts, expected: null },
  Time: {
    isNamed: false,
    isTimed: true,
    operators: ['GreaterThan', 'LessThan', 'Between'],
    expected: 'a time of day like "08:30", or an instant like "2026-12-31T00:00:00Z"',
  },
  Weekday: {
    isNamed: false,
    isTimed: true,
    operators: ['In', 'NotIn'],
    expected: 'a day like "Monday"',
  },
  Address: {
    isNamed: false,
    isTimed: false,
    operators: ['In', 'NotIn'],
    expected: 'an address or a range like "10.0.0.0/8"',
  },
}

export const operators = ofTexts

export const weekdays = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
] as const

/** How many values an operator has. */
const counts: Readonly<Record<Operator, readonly [least: number, most: number]>> = {
  In: [1, Infinity],
  NotIn: [1, Infinity],
  Exists: [0, 0],
  DoesNotExist: [0, 0],
  Prefix: [1, Infinity],
  Suffix: [1, Infinity],
  Matches: [1, Infinity],
  GreaterThan: [1, 1],
  LessThan: [1, 1],
  Between: [2, 2],
}

/** What is wrong with a condition, and in which of its fields. */
export interface ConditionFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Of one whose fields are of the right types; null where it can be judged. That its time zone is one is for the caller to see. */
export function conditionFault(condition: ConditionConfig): ConditionFault | null {
  const { attribute, name, operator, timeZone } = condition
  const { isNamed, isTimed, operators: known } = conditionTable[attribute]
  if (!known.includes(operator))
    return fault(`${attribute} is not compared by ${operator}, expected ${known.join(', ')}`, 'operator')
  if (isNamed !== (name !== ''))
    return fault(isNamed ? `is required for attribute: ${attribute}` : `${attribute} has no name`, 'name')
  if (attribute === 'Header' && !/^[\w!#$%&'*+.^`|~-]+$/.test(name))
    return fault(`${JSON.stringify(name)} is no name of a header`, 'name')
  if (!isTimed && timeZone !== '') return fault(`${attribute} has no time zone`, 'timeZone')
  return valuesFault(condition)
}

function fault(message: string, ...path: readonly (string | number)[]): ConditionFault {
  return { path, message }
}

function valuesFault({ attribute, operator, values }: ConditionConfig): ConditionFault | null {
  const [least, most] = counts[operator]
  if (values.length < least || values.length > most)
    return fault(`has ${values.length} for ${operator}, expected ${countText(least, most)}`, 'values')
  const { expected } = conditionTable[attribute]
  const isCompared = operator === 'GreaterThan' || operator === 'LessThan' || operator === 'Between'
  if (expected === null && !isCompared) return null
  const fits = valueTest(attribute)
  const wrong = values.findIndex(value => !fits(value))
  if (wrong < 0) return operator === 'Between' ? rangeFault(attribute, values) : null
  const message = `${JSON.stringify(values[wrong])} is not valid, expected ${expected ?? 'a number'}`
  return fault(message, 'values', wrong)
}

function countText(least: number, most: number): string {
  if (most === Infinity) return `${least} or more`
  return most === 0 ? 'none' : String(most)
}

function valueTest(attribute: Attribute): (value: string) => boolean {
  switch (attribute) {
    case 'Time':
      return value => minuteOfDay(value) !== null || instantMs(value) !== null
    case 'Weekday':
      return value => weekdays.some(day => day === value)
    case 'Address':
      return isAddressRange
    default:
      return value => numberOf(value) !== null
  }
}

/** Times of day may go over midnight. */
function rangeFault(attribute: Attribute, [from = '', to = '']: readonly string[]): ConditionFault | null {
  const isOfDay = attribute === 'Time' && minuteOfDay(from) !== null
  if (attribute === 'Time' && isOfDay !== (minuteOfDay(to) !== null))
    return fault('one is a time of day and one an instant, expected two of a kind', 'values')
  if (isOfDay) return null
  const valueOf = attribute === 'Time' ? instantMs : numberOf
  return valueOf(from)! < valueOf(to)!
    ? null
    : fault(`nothing is between ${from} and ${to}, expected the smaller one first`, 'values')
}

/** A number as it is compared: decimal, without exponent. */
export function numberOf(text: string): number | null {
  return /^[+-]?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : null
}

/** Of `08:30`: 510. The end of the day is `24:00`. */
export function minuteOfDay(text: string): number | null {
  if (text === '24:00') return 1440
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text) ?? []
  return hours === undefined ? null : Number(hours) * 60 + Number(minutes)
}

/** Of an instant (RFC 3339), in milliseconds since 1970. */
export function instantMs(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(text)) return null
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? null : ms
}
