/** Of stock/v1/stock.proto, by portcullis composition gen. Changes of it are lost with the next. */
import type { Message } from '@bufbuild/protobuf'
import type { GenFile, GenMessage, GenService } from '@bufbuild/protobuf/codegenv2'
import { file_google_api_annotations } from '../../google/api/annotations_pb.ts'
import { fileDesc, messageDesc, serviceDesc } from '@bufbuild/protobuf/codegenv2'

export const file_stock_v1_stock: GenFile = /*@__PURE__*/ fileDesc('ChRzdG9jay92MS9zdG9jay5wcm90bxIIc3RvY2sudjEiHgoPR2V0TGV2ZWxSZXF1ZXN0EgsKA3NrdRgBIAEoCSIgChFXYXRjaExldmVsUmVxdWVzdBILCgNza3UYASABKAkiLAoOUmVzZXJ2ZVJlcXVlc3QSCwoDc2t1GAEgASgJEg0KBWNvdW50GAIgASgNIiMKBUxldmVsEgsKA3NrdRgBIAEoCRINCgVjb3VudBgCIAEoDTKSAgoFU3RvY2sSUgoIR2V0TGV2ZWwSGS5zdG9jay52MS5HZXRMZXZlbFJlcXVlc3QaDy5zdG9jay52MS5MZXZlbCIakAIBgtPkkwIREg8vdjEvc3RvY2sve3NrdX0SWwoKV2F0Y2hMZXZlbBIbLnN0b2NrLnYxLldhdGNoTGV2ZWxSZXF1ZXN0Gg8uc3RvY2sudjEuTGV2ZWwiHYLT5JMCFxIVL3YxL3N0b2NrL3tza3V9OndhdGNoMAESWAoHUmVzZXJ2ZRIYLnN0b2NrLnYxLlJlc2VydmVSZXF1ZXN0Gg8uc3RvY2sudjEuTGV2ZWwiIoLT5JMCHCIXL3YxL3N0b2NrL3tza3V9OnJlc2VydmU6ASpiBnByb3RvMw', [file_google_api_annotations])

export type GetLevelRequest = Message<'stock.v1.GetLevelRequest'> & {
  sku: string
}
export const GetLevelRequestSchema: GenMessage<GetLevelRequest> = /*@__PURE__*/ messageDesc(file_stock_v1_stock, 0)

export type WatchLevelRequest = Message<'stock.v1.WatchLevelRequest'> & {
  sku: string
}
export const WatchLevelRequestSchema: GenMessage<WatchLevelRequest> = /*@__PURE__*/ messageDesc(file_stock_v1_stock, 1)

export type ReserveRequest = Message<'stock.v1.ReserveRequest'> & {
  sku: string
  count: number
}
export const ReserveRequestSchema: GenMessage<ReserveRequest> = /*@__PURE__*/ messageDesc(file_stock_v1_stock, 2)

export type Level = Message<'stock.v1.Level'> & {
  sku: string
  count: number
}
export const LevelSchema: GenMessage<Level> = /*@__PURE__*/ messageDesc(file_stock_v1_stock, 3)

/** How many there are of what. */
export const Stock: GenService<{
  getLevel: {
    methodKind: 'unary'
    input: typeof GetLevelRequestSchema
    output: typeof LevelSchema
  }
  /** The level now, and whenever it changes. */
  watchLevel: {
    methodKind: 'server_streaming'
    input: typeof WatchLevelRequestSchema
    output: typeof LevelSchema
  }
  /** Takes some away. */
  reserve: {
    methodKind: 'unary'
    input: typeof ReserveRequestSchema
    output: typeof LevelSchema
  }
}> = /*@__PURE__*/ serviceDesc(file_stock_v1_stock, 0)
