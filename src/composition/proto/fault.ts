/** Where something stands in a .proto file; lines and columns from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A .proto file that is none: `shop.proto:3:14: expected ";", found "}"`. */
export class ProtoFault extends Error {
  override readonly name = 'ProtoFault'
  readonly place: Place

  constructor({ file, line, column }: Place, message: string) {
    super(`${file}:${line}:${column}: ${message}`)
    this.place = { file, line, column }
  }
}
