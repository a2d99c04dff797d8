import { Type as T } from 'typebox'
import { defineFilter } from 'portcullis/composition'

export const filter = defineFilter({
  config: T.Object({ header: T.String() }),
  backends: {},
  requestBody: 'held',
  responseBody: 'stream',
  request: r => r.headers.set(r.config.header, r.host),
  response: () => undefined,
})
