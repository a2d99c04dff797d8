import { OTHER, type ApiFlush, type Consumer, type OperationFlush } from './flush.ts'

/** Of one cell, since the last flush. */
export class Counts {
  requests = 0
  requestBytes = 0
  responseBytes = 0
  cost = 0
  /** Flushes since something was counted. */
  idle = 0
}

/** How many series there may be, for all APIs of a worker. */
export interface Room {
  taken: number
  readonly most: number
  /** Somebody has found none. */
  readonly crowded: () => void
}

/** Credentials of one owner that are told apart: who makes keys and keys is not to fill the book. */
const MOST_CREDENTIALS = 64

/** What consumers have done, by operation. */
class ConsumerBook implements Consumer {
  readonly subscription: string
  readonly application: string
  readonly account: string
  readonly product: string
  readonly plan: string
  readonly credential: string
  readonly operations = new Map<string, Map<number, Counts>>()
  /** Another one of the same key. */
  next: ConsumerBook | null = null

  constructor(
    subscription: string,
    application: string,
    account: string,
    product: string,
    plan: string,
    credential: string,
  ) {
    this.subscription = subscription
    this.application = application
    this.account = account
    this.product = product
    this.plan = plan
    this.credential = credential
  }
}

/**
 * What was asked of one API. Series are found by the strings that notes have anyway, one after another: nothing is made
 * for one that is known.
 */
export class ApiBook {
  readonly api: string
  readonly version: string
  private readonly room: Room
  /** By credential, else subscription, else application; those of one key are a list. */
  private readonly consumers = new Map<string, ConsumerBook>()
  /** Books with a credential, by owner. */
  private readonly credentials = new Map<string, number>()
  private readonly other = new ConsumerBook(OTHER, OTHER, OTHER, OTHER, OTHER, OTHER)

  constructor(api: string, version: string, room: Room) {
    this.api = api
    this.version = version
    this.room = room
  }

  /** Where to count a request of this consumer that ended so (cell.ts). */
  find(
    subscription: string,
    application: string,
    account: string,
    product: string,
    plan: string,
    credential: string,
    operation: string,
    cell: number,
  ): Counts {
    const key = isTold(credential) ? credential : subscription === '' ? application : subscription
    let book = this.consumers.get(key) ?? null
    while (
      book !== null &&
      (book.subscription !== subscription ||
        book.application !== application ||
        book.account !== account ||
        book.product !== product ||
        book.plan !== plan ||
        book.credential !== credential)
    )
      book = book.next
    const known = book === null ? undefined : book.operations.get(operation)?.get(cell)
    if (known !== undefined) return known
    if (this.room.taken >= this.room.most) return this.crowd(cell)
    if (book === null) {
      if (isTold(credential)) {
        const owner = ownerOf(subscription, application, account)
        const others = this.credentials.get(owner) ?? 0
        if (others >= MOST_CREDENTIALS)
          return this.find(subscription, application, account, product, plan, OTHER, operation, cell)
        this.credentials.set(owner, others + 1)
      }
      book = new ConsumerBook(subscription, application, account, product, plan, credential)
      book.next = this.consumers.get(key) ?? null
      this.consumers.set(key, book)
    }
    this.room.taken++
    return newCounts(book, operation, cell)
  }

  /** What was counted since the last time; null where that is nothing. What has been idle for so many flushes is forgotten. */
  take(idleFlushes: number): ApiFlush | null {
    const consumers = [...this.takeConsumers(idleFlushes)]
    return consumers.length === 0 ? null : { api: this.api, version: this.version, consumers }
  }

  private *takeConsumers(idleFlushes: number) {
    for (const [key, first] of this.consumers) {
      let kept: ConsumerBook | null = null
      for (let book: ConsumerBook | null = first; book !== null;) {
        const next: ConsumerBook | null = book.next
        const flush = this.takeConsumer(book, idleFlushes)
        if (flush !== null) yield flush
        if (book.operations.size > 0) {
          book.next = kept
          kept = book
        } else this.forget(book)
        book = next
      }
      if (kept === null) this.consumers.delete(key)
      else this.consumers.set(key, kept)
    }
    const others = takeOperations(this.other, Infinity, () => {})
    if (others.length > 0) yield consumerFlush(this.other, others)
  }

  private takeConsumer(book: ConsumerBook, idleFlushes: number) {
    const operations = takeOperations(book, idleFlushes, () => this.room.taken--)
    return operations.length === 0 ? null : consumerFlush(book, operations)
  }

  private forget({ subscription, application, account, credential }: ConsumerBook): void {
    if (!isTold(credential)) return
    const owner = ownerOf(subscription, application, account)
    const left = this.credentials.get(owner)! - 1
    if (left === 0) this.credentials.delete(owner)
    else this.credentials.set(owner, left)
  }

  /** Its cells are few, whatever comes. */
  private crowd(cell: number): Counts {
    this.room.crowded()
    return this.other.operations.get(OTHER)?.get(cell) ?? newCounts(this.other, OTHER, cell)
  }
}

/** Whose credentials share the places that there are: all who authenticate without a subscription are not one. */
function ownerOf(subscription: string, application: string, account: string): string {
  return subscription || application || account
}

function isTold(credential: string): boolean {
  return credential !== '' && credential !== OTHER
}

function newCounts(book: ConsumerBook, operation: string, cell: number): Counts {
  let cells = book.operations.get(operation)
  if (cells === undefined) book.operations.set(operation, (cells = new Map<number, Counts>()))
  const counts = new Counts()
  cells.set(cell, counts)
  return counts
}

function takeOperations(
  { operations }: ConsumerBook,
  idleFlushes: number,
  forgotten: () => void,
): readonly OperationFlush[] {
  const taken: OperationFlush[] = []
  for (const [operation, cells] of operations) {
    const numbers: number[] = []
    for (const [code, counts] of cells) {
      if (counts.requests > 0) takeCounts(code, counts, numbers)
      else if (++counts.idle >= idleFlushes) {
        cells.delete(code)
        forgotten()
      }
    }
    if (cells.size === 0) operations.delete(operation)
    if (numbers.length > 0) taken.push({ operation, cells: numbers })
  }
  return taken
}

/** NUMBERS_OF_A_CELL of them. */
function takeCounts(code: number, counts: Counts, into: number[]): void {
  into.push(code, counts.requests, counts.requestBytes, counts.responseBytes, counts.cost)
  counts.requests = counts.requestBytes = counts.responseBytes = counts.cost = counts.idle = 0
}

function consumerFlush(
  { subscription, application, account, product, plan, credential }: ConsumerBook,
  operations: readonly OperationFlush[],
) {
  return { subscription, application, account, product, plan, credential, operations }
}
