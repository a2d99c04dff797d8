import { CallFailure } from '../../../composition/calls/failure.ts'

/**
 * What becomes of a promise that failed and that nobody awaits. Node would end the thread, and with it the requests of
 * everybody else. With a call of an `async` function it is no mistake: its request is over, and so is what it called.
 */
export function forgotten(mistaken: (reason: unknown) => void): (reason: unknown) => void {
  return reason => {
    if (!(reason instanceof CallFailure)) mistaken(reason)
  }
}
