import type { Observer } from '../../../composition/engine/messages.ts'

/** All of them are told, in this order; where none listens to something, the engine need not tell of it. */
export function together(observers: readonly Observer[]): Observer {
  return {
    ...told(observers, 'entered'),
    ...told(observers, 'left'),
    ...told(observers, 'called'),
    ...told(observers, 'ended'),
    ...told(observers, 'mistaken'),
  }
}

function told<N extends keyof Observer>(observers: readonly Observer[], name: N): Pick<Observer, N> | null {
  const all = observers.flatMap(one => {
    const tell = one[name] as ((...args: unknown[]) => void) | undefined
    return tell === undefined ? [] : [tell]
  })
  if (all.length === 0) return null
  const tell = (...args: unknown[]): void => {
    for (const one of all) one(...args)
  }
  return { [name]: all.length === 1 ? all[0] : tell } as unknown as Pick<Observer, N>
}
