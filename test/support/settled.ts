import { setImmediate } from 'node:timers/promises'

/**
 * Resolves with what is measured once it has been the same for many turns of the event loop. Gateway,
 * clients and upstreams of a test share that loop: when nothing moves for so many turns, nobody has
 * anything left to do, however slow the machine is.
 */
export async function settled(measure: () => number, turns = 200): Promise<number> {
  let last = measure()
  for (let same = 0; same < turns; same++) {
    await setImmediate()
    const now = measure()
    if (now !== last) same = 0
    last = now
  }
  return last
}

/**
 * Tries sizes around the one from which on `fits` is false: where that is depends on socket buffers, and so on
 * the machine, and the states in between (all is here, some of it not sent) last for no more than one piece of 64 KiB.
 */
export async function aroundLimit(fits: (size: number) => Promise<boolean>): Promise<void> {
  let most = 100_000
  let least = 32_000_000
  while (least - most > 16_000) {
    const middle = (most + least) >> 1
    if (await fits(middle)) most = middle
    else least = middle
  }
  for (let size = most - 256_000; size < most + 256_000; size += 12_000) await fits(size)
}
