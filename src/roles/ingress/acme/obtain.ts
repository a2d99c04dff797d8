import type { Clock } from '../../../upstream/clock.ts'
import { newCalling } from './calls.ts'
import { Order, type Obtained } from './order.ts'
import type { CertificateStore } from './store.ts'
import type { WantedCertificate } from './wanted.ts'
import type { Work } from './work.ts'

/** One attempt; throws a Refusal, or the reason of `signal`. `clock` paces what is asked again and again. */
export async function obtain(
  wanted: WantedCertificate,
  work: Work,
  store: CertificateStore,
  clock: Clock,
  signal: AbortSignal,
): Promise<Obtained> {
  const call = newCalling(wanted.account.authorities, signal)
  try {
    return await new Order(wanted, work, { store, clock, call }).obtain()
  } finally {
    call.agent.destroy()
  }
}
