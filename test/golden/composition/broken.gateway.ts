import { defineGateway } from '../../../src/composition/composition.ts'

export const gateway = defineGateway({
  backends: {},
  routes: r => [r.get('/{open', { out: {}, run: () => null })],
})
