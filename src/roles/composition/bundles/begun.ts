import { createHook } from 'node:async_hooks'

/** What a module leaves going when it has been loaded: timers, sockets, servers, watchers, threads. */
const LASTING =
  /^(?:Timeout|TCP|PIPE|TTY|UDP|TLS|HTTP|JSSTREAM|STREAM|FSEVENT|STATWATCHER|SIGNAL|PROCESS|WORKER|MESSAGEPORT|QUIC)/

/** Sees what is begun in this thread from now on. */
export function watchBegun(): Begun {
  const going = new Set<number>()
  const listeners = listenersOfProcess()
  const hook = createHook({
    init: (id, type) => {
      if (LASTING.test(type)) going.add(id)
    },
    destroy: id => void going.delete(id),
  }).enable()
  return {
    async isIdle() {
      // What it has left to promises that are kept already is done then, and Node has told what has ended.
      for (let turns = 0; turns < 3; turns++) await new Promise(resolve => setImmediate(resolve))
      hook.disable()
      return going.size === 0 && listenersOfProcess() === listeners
    },
  }
}

export interface Begun {
  /** Whether nothing of it goes on. */
  isIdle(): Promise<boolean>
}

const listenersOfProcess = (): number =>
  process.eventNames().reduce((count, name) => count + process.listenerCount(name), 0)
