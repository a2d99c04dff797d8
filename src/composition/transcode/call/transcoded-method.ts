import type { DescMethod } from '@bufbuild/protobuf'
import type { MethodRecord } from '../../engine/messages.ts'
import { codeName, type GrpcCode } from '../../grpc/codes.ts'
import type { Inbound } from '../inbound.ts'
import type { MethodAnswer } from './method-answer.ts'
import type { Status } from './status.ts'

/** What who watches is told of a request that is transcoded. */
export class TranscodedMethod implements MethodRecord {
  /** Once the backend has begun one. */
  answer: MethodAnswer | null = null
  /** In place of what the backend says. */
  told: Status | null = null
  private readonly inbound: Inbound

  constructor(inbound: Inbound) {
    this.inbound = inbound
  }

  get method(): DescMethod {
    return this.inbound.method
  }

  get template(): string | null {
    return this.inbound.template
  }

  get system(): MethodRecord['system'] {
    return this.inbound.system
  }

  get service(): string {
    return this.inbound.method.parent.typeName
  }

  get name(): string {
    return this.inbound.method.name
  }

  get code(): GrpcCode | null {
    const status = this.told ?? this.answer?.status ?? null
    return status === null ? null : codeName(status.code)
  }
}
