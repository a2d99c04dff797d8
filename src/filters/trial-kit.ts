import { CallFailure, type Kit } from './kit.ts'

const instrument = { add: () => {}, set: () => {}, observe: () => {} }

/**
 * A kit for who only wants to know whether a filter can be compiled: translation, whose conditions are to say what
 * workers will find. Nothing is kept, counted or called.
 */
export const trialKit: Kit = {
  call: () => Promise.reject(new CallFailure('destination_not_found', 'trial')),
  stream: () => Promise.reject(new CallFailure('destination_not_found', 'trial')),
  hold: () => {},
  counters: () => ({
    crowded: false,
    hash: () => ({ a: 0, b: 0, c: 0, d: 0 }),
    aim: () => {},
    aimAt: () => {},
    read: () => 0,
    swap: () => 'done',
  }),
  backend: cluster => ({ cluster }),
  tell: () => {},
  responses: () => {
    throw new Error('nothing is stored where nothing is served')
  },
  table: () => ({ get: () => undefined, row: () => undefined }),
  keep(_key, make) {
    const one = make()
    one.drain()
    return one
  },
  metrics: new Proxy({} as Kit['metrics'], { get: () => () => instrument }),
  workers: 1,
  clock: { now: () => 0, sharedUs: () => 0, wallMs: () => 0, after: () => () => {} },
  log: { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} },
}
