import { Type as T } from 'typebox'
import { defineGateway } from '../../../src/composition/composition.ts'

export const gateway = defineGateway({
  backends: {},
  routes: r => [
    r.get('/me/{id}', { out: T.Object({ id: T.Unsafe<string>({ not: { pattern: '(' } }) }), run: () => ({ id: '' }) }),
  ],
})
