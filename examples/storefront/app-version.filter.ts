// Apps that are older than the API is made for are told so, before anything is asked for them.
import { Type as T } from 'typebox'
import { defineFilter, Problem } from 'portcullis/composition'

export const filter = defineFilter({
  config: T.Object({ least: T.Integer({ minimum: 1 }) }),
  request(r) {
    const version = /^shop-app\/(\d+)/.exec(r.headers.get('user-agent') ?? '')?.[1]
    // Browsers, and whoever else is no app of ours.
    if (version === undefined) return
    if (Number(version) < r.config.least)
      throw new Problem(403, 'The app is too old', { reason: 'app_outdated' })
  },
})
