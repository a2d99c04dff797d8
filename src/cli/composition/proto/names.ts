import type { DescEnum, DescExtension, DescFile, DescMessage, DescService } from '@bufbuild/protobuf'

export type NamedType = DescMessage | DescEnum | DescExtension | DescService

/** Words that no declaration may be called, and what modules made of files refer to themselves. */
const RESERVED: ReadonlySet<string> = new Set(
  [
    'break case catch class const continue debugger default delete do else enum export extends false finally for',
    'function if import in instanceof new null return super switch this throw true try typeof var void while with yield',
    'let static implements interface package private protected public await arguments eval undefined NaN Infinity',
    'any boolean never number object string symbol unknown bigint type Uint8Array Message UnknownEnum JsonObject',
    'GenEnum GenExtension GenFile GenMessage GenService enumDesc extDesc fileDesc messageDesc serviceDesc',
  ].flatMap(words => words.split(' ')),
)

/** `Book_Author` of `shop.v1.Book.Author`, as protoc-gen-es calls it. */
export function nameOf(type: NamedType): string {
  const scope = type.file.proto.package
  const name = type.typeName.slice(scope === '' ? 0 : scope.length + 1).replaceAll('.', '_')
  return RESERVED.has(name) ? `${name}$` : name
}

export const schemaName = (type: DescMessage | DescEnum): string => `${nameOf(type).replace(/\$$/, '')}Schema`

/** `file_shop_v1_shop` of `shop/v1/shop.proto`. */
export const fileName = (file: DescFile): string => `file_${file.name.replace(/[^\w]/g, '_')}`

/** The module of a file: `shop/v1/shop_pb.ts`. */
export const moduleName = (file: DescFile): string => `${file.name}_pb.ts`
