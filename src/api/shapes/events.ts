import { Type } from 'typebox'

/** What a stream answers: no schema is of all of it. */
export const Events = Type.Unknown({
  description: 'Events (WHATWG HTML §9.2), each with its name as `event` and JSON as `data`.',
})
