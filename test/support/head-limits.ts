import type { HeadLimits } from '../../src/http/h1/request-parser.ts'

/** Small, so that vectors which pass them stay readable. */
export const limits: HeadLimits = {
  requestLineBytes: 300,
  fieldBytes: 200,
  headBytes: 1000,
  fieldCount: 12,
  encodedSlash: 'keep',
  emptySegments: 'keep',
  illegalCharacters: 'encode',
  underscores: 'reject',
}
