import { codeName } from '../../grpc/codes.ts'

export const OK = 0
export const CANCELLED = 1
export const UNKNOWN = 2
export const INVALID_ARGUMENT = 3
export const DEADLINE_EXCEEDED = 4
export const RESOURCE_EXHAUSTED = 8
export const UNIMPLEMENTED = 12
export const INTERNAL = 13

/** As Connect has it, which spells one of them in the American way. */
export function connectCode(code: number): string {
  const name = codeName(code)
  return name === 'cancelled' ? 'canceled' : name
}
