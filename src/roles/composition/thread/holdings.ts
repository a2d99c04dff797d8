import type { Holding } from '../../../composition/calls/holding.ts'
import { Ring, type Linked } from '../../../http/ring.ts'

/** Whose request loses its place. */
export interface Holder {
  /** Others need what it holds. Not from within `add`. */
  displaced(): void
}

/** What a request is that holds nothing else (measured by ten thousand: 5 KiB one that waits, 9 to 10 a stream of events). */
export const REQUEST_BYTES = 10 * 1024

/**
 * What the requests of a thread hold for their clients, bounded by less than what ends the thread. Where that is more, the
 * client that holds most loses a request: so whoever does not read what it has asked for, or does not end what it sends,
 * takes nothing from those who hold less. Of clients, and requests, that hold about as much (less than twice) the one loses
 * of which nothing has moved for the longest time.
 */
export class Holdings {
  private limitBytes: number
  private readonly displaced: () => void
  private readonly clients = new Map<string, Account>()
  private bytes = 0
  private moves = 0

  /** `displaced` is told of each request that loses its place. */
  constructor(limitBytes: number, displaced: () => void) {
    this.limitBytes = limitBytes
    this.displaced = displaced
  }

  /** From the next move on. */
  bound(limitBytes: number): void {
    this.limitBytes = limitBytes
  }

  /** A request of this client begins, with fields of so many bytes, and holds what every request does. */
  begin(client: string, holder: Holder, fieldBytes = 0): Share {
    let account = this.clients.get(client)
    if (account === undefined) this.clients.set(client, (account = { client, bytes: 0, shares: new Ring() }))
    const share = new Share(this, account, holder)
    account.shares.push(share)
    share.add(REQUEST_BYTES + fieldBytes)
    return share
  }

  /** Of a share, which is there. */
  moved(share: Share, bytes: number): void {
    share.bytes += bytes
    share.movedAt = ++this.moves
    share.account.bytes += bytes
    this.bytes += bytes
    while (this.bytes > this.limitBytes) {
      const loser = this.loser()
      this.remove(loser)
      this.displaced()
      queueMicrotask(() => loser.holder.displaced())
    }
  }

  remove(share: Share): void {
    const { account } = share
    if (!share.isHeld) return
    share.isHeld = false
    account.shares.remove(share)
    this.bytes -= share.bytes
    account.bytes -= share.bytes
    if (account.shares.first === null) this.clients.delete(account.client)
  }

  private loser(): Share {
    let most = 0
    for (const { bytes } of this.clients.values()) most = Math.max(most, bytes)
    let loser: Share | null = null
    for (const account of this.clients.values()) {
      if (2 * account.bytes <= most) continue
      const share = largest(account)
      if (loser === null || share.movedAt < loser.movedAt) loser = share
    }
    return loser!
  }
}

/** What one request holds. */
export class Share implements Holding, Linked<Share> {
  before: Share | null = null
  after: Share | null = null
  /** It has not ended, and has not been displaced. */
  isHeld = true
  bytes = 0
  /** Rises with every move of any. */
  movedAt = 0
  readonly account: Account
  readonly holder: Holder
  private readonly holdings: Holdings

  constructor(holdings: Holdings, account: Account, holder: Holder) {
    this.holdings = holdings
    this.account = account
    this.holder = holder
  }

  add(bytes: number): void {
    if (this.isHeld) this.holdings.moved(this, bytes)
  }

  end(): void {
    this.holdings.remove(this)
  }
}

interface Account {
  readonly client: string
  bytes: number
  readonly shares: Ring<Share>
}

function largest({ shares }: Account): Share {
  let most = 0
  for (let share = shares.first; share !== null; share = share.after) most = Math.max(most, share.bytes)
  let found: Share | null = null
  for (let share = shares.first; share !== null; share = share.after)
    if (2 * share.bytes > most && (found === null || share.movedAt < found.movedAt)) found = share
  return found!
}
