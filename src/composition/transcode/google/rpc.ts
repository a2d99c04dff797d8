import type { DescMessage, Message } from '@bufbuild/protobuf'
import type { Any } from '@bufbuild/protobuf/wkt'
import { rpcTypes } from '../../grpc/details.ts'

export const statusSchema = (): DescMessage => rpcTypes().getMessage('google.rpc.Status')!
export const badRequestSchema = (): DescMessage => rpcTypes().getMessage('google.rpc.BadRequest')!

/** `google.rpc.Status` as @bufbuild/protobuf has it. */
export type StatusMessage = Message & {
  readonly code: number
  readonly message: string
  readonly details: Any[]
}
