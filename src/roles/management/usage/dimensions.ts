import { usageDimensions, type UsageDimension } from '../../../api/shapes/usage-names.ts'

/** In the order in which rows have them. */
const dimensions = usageDimensions
export type Dimension = UsageDimension

/** A value of each; `overQuota` is `true` or `false`, the others are "" where there is none. */
export type Dimensions = Readonly<Record<Dimension, string>>

export interface Sums {
  readonly requests: number
  readonly requestBytes: number
  readonly responseBytes: number
  readonly cost: number
}

export const noSums: Sums = { requests: 0, requestBytes: 0, responseBytes: 0, cost: 0 }

export function plus(a: Sums, b: Sums): Sums {
  return {
    requests: a.requests + b.requests,
    requestBytes: a.requestBytes + b.requestBytes,
    responseBytes: a.responseBytes + b.responseBytes,
    cost: a.cost + b.cost,
  }
}

/** The same for the same dimensions, and different for others. Without a credential as it was before there were any. */
export function textOf(one: Dimensions): string {
  const values = dimensions.map(name => one[name])
  return JSON.stringify(one.credential === '' ? values.slice(0, -1) : values)
}

export function fromText(text: string): Dimensions {
  const values = JSON.parse(text) as readonly string[]
  return Object.fromEntries(dimensions.map((name, i) => [name, values[i] ?? ''])) as Dimensions
}
