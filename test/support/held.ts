import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: (() => void) | null = null

/**
 * Bytes that this process holds on to, on its heap and in buffers beside it: the least of several looks, for buffers
 * are given back beside the collection. What a process has of the system says less: garbage stays in it for as long as
 * V8 finds no time, which on a busy machine is long.
 */
export async function heldBytes(looks = 10): Promise<number> {
  if (collect === null) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  let least = Infinity
  for (let i = 0; i < looks; i++) {
    collect()
    await setImmediate()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    least = Math.min(least, heapUsed + arrayBuffers)
  }
  return least
}
