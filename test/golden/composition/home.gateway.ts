import { Type as T } from 'typebox'
import { defineGateway, http } from '../../../src/composition/composition.ts'

/** Backends in all the places where they may be. */
export const gateway = defineGateway({
  backends: {
    users: http({ url: 'http://users' }),
    offers: http({ url: 'http://offers' }),
    billing: http({ url: 'http://billing.finance.svc.cluster.local:8080' }),
    erp: http({ url: 'https://erp.example.com/api' }),
    local: http({ url: 'http://127.0.0.1:9000' }),
  },
  routes: r => [r.get('/', { out: T.Null(), run: () => null })],
})
