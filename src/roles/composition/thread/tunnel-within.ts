import type { Tunnel } from '../../../composition/streams/tunnel.ts'
import type { CallWithin } from '../../../proxy/within/call-within.ts'
import { failureOf } from './failure-of.ts'

/** A connection to a backend that has left HTTP. */
export class TunnelWithin implements Tunnel {
  private readonly call: CallWithin
  private readonly name: string

  constructor(call: CallWithin, name: string) {
    this.call = call
    this.name = name
  }

  get incoming(): AsyncIterable<Uint8Array> {
    return this.read()
  }

  private async *read(): AsyncGenerator<Uint8Array> {
    try {
      yield* this.call.body
    } catch (error) {
      throw failureOf(error, this.name)
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.call.write(bytes)
    } catch (error) {
      throw failureOf(error, this.name)
    }
  }

  end(): void {
    this.call.endRequest()
  }

  abort(): void {
    this.call.cancel()
  }
}
