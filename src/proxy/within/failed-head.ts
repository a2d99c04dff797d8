import type { LocalResponse } from '../../filters/filter.ts'
import { Fields } from '../../http/fields.ts'
import { NO_BODY, type ResponseHead } from '../../http/head.ts'

/** Stands for an answer that there is none, since something failed: filters see its status, and who has asked hears the name. */
export class FailedHead implements ResponseHead {
  status: number
  reason = ''
  version = 11
  readonly fields: Fields
  length = NO_BODY
  hasLength = true
  keepAlive = true
  upgrade = ''
  trailer = ''

  constructor({ status, fields }: LocalResponse) {
    this.status = status
    this.fields = new Fields([...fields])
  }
}
