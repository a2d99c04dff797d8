import type { HttpCalls } from '../backends/http-calls.ts'
import type { RequestScope } from '../calls/scope.ts'
import type { Asked } from '../routes/route.ts'

/** A request as it goes through the parts of its route: by the places of these. */
export class Assembly {
  readonly asked: Asked
  readonly scope: RequestScope
  readonly clients: Readonly<Record<string, HttpCalls>>
  /** What was picked of the answer of a part, for others that name it. */
  readonly picked: unknown[] = []
  /** What of that is shown. */
  readonly shown: unknown[] = []
  /** Why there is none. */
  readonly failed: unknown[] = []

  constructor(asked: Asked, scope: RequestScope, clients: Readonly<Record<string, HttpCalls>>) {
    this.asked = asked
    this.scope = scope
    this.clients = clients
  }
}
