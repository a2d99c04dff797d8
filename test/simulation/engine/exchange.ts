import { Notes } from '../../../src/filters/notes.ts'
import type { FailureName } from '../../../src/http/failures.ts'
import { failures } from '../../../src/http/failures.ts'
import type { RequestHead, ResponseHead } from '../../../src/http/head.ts'
import { RequestBody } from '../../../src/proxy/body.ts'
import type { Run, RunHost } from '../../../src/proxy/run.ts'
import type { CompiledRule } from '../../../src/proxy/rule.ts'
import { Story } from '../../../src/telemetry/recent/story.ts'
import { responseHead } from '../../support/head.ts'

/** What a client has met. */
export interface Outcome {
  readonly status: number
  /** "" where the backend has answered. */
  readonly failure: FailureName | ''
  readonly ms: number
  readonly attempts: number
}

/** An exchange without bytes: the real run of a rule's action, and a client that takes what it is given. */
export class SimulatedExchange implements RunHost {
  readonly request: RequestHead
  readonly body = new RequestBody(true)
  readonly clientAddress: string
  readonly share: string
  readonly localPort = 80
  readonly startedMs = performance.now()
  readonly untilMs = Infinity
  readonly turn = false
  readonly principal = null
  readonly span = null
  readonly notes = new Notes()
  readonly writtenNotes = null
  readonly clear = true
  committed = false
  failure: FailureName | null = null
  response: ResponseHead = responseHead()
  callStatus = -1
  private readonly run: Run
  private readonly onOver: (outcome: Outcome) => void
  private story: Story | null = null
  private over = false

  constructor(request: RequestHead, client: string, rule: CompiledRule, onOver: (outcome: Outcome) => void) {
    this.request = request
    this.clientAddress = client
    this.share = client
    this.onOver = onOver
    this.run = rule.action.begin(this)
    this.run.choose()
    // Without a backend it is over by now.
    if (!this.over) this.run.start()
  }

  tell(): Story {
    return (this.story ??= new Story())
  }

  sendHead(head: ResponseHead): void {
    this.committed = true
    this.response = head
  }

  sendEnd(): void {
    this.end(this.response.status)
  }

  respond({ status }: { readonly status: number }): void {
    this.end(status)
  }

  fail(failure: FailureName): void {
    if (this.over) return
    this.failure = failure
    this.end(failures[failure].status)
  }

  finish(): void {
    this.end(this.response.status)
  }

  flush(): boolean {
    return true
  }

  continue(): void {}
  informational(): void {}
  sendData(): void {}
  endTunnel(): void {}
  pauseRequest(): void {}
  resumeRequest(): void {}
  onRejection(): void {}

  private end(status: number): void {
    if (this.over) return
    this.over = true
    const { attempts } = this.run
    this.run.cancel()
    this.onOver({ status, failure: this.failure ?? '', ms: performance.now() - this.startedMs, attempts })
  }
}
