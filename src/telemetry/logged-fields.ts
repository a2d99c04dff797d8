/** Fields that a filter has for the access log. What comes again with many requests is one object, and written once. */
export class LoggedFields {
  readonly fields: readonly (readonly [name: string, value: unknown])[]
  /** As a line of the access log has them, and as a recent request has; "" until they are written for the first time. */
  line = ''
  story = ''

  constructor(fields: LoggedFields['fields']) {
    this.fields = fields
  }
}
