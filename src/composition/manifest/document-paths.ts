export type Operation = Readonly<Record<string, unknown>>

interface Item {
  readonly names: readonly string[]
  readonly operations: Record<string, Operation>
}

/**
 * The paths of an OpenAPI document. Of paths that differ in names alone there may be one (OpenAPI 3.1 §4.8.8): it has the
 * names of the first, and of two operations of one method the first stands, as the router has it where it is added first.
 */
export class DocumentPaths {
  readonly all: Record<string, Readonly<Record<string, Operation>>> = {}
  private readonly byShape = new Map<string, Item>()

  /** `path` with names in braces, `operation` what is said of it by what they are called in the document. */
  add(path: string, method: string, operation: (names: readonly string[]) => Operation): void {
    const item = this.item(path)
    item.operations[method] ??= operation(item.names)
  }

  /** A WebSocket is a GET that may be answered by 101; where there is another GET, both are one operation. */
  addWebSocket(path: string, switched: Operation, operation: (names: readonly string[]) => Operation): void {
    const { names, operations } = this.item(path)
    const { get } = operations
    operations['get'] =
      get === undefined
        ? operation(names)
        : { ...get, responses: { 101: switched, ...(get['responses'] as Operation) } }
  }

  private item(path: string): Item {
    const shape = path.replaceAll(/\{[^}]*\}/g, '{}')
    let item = this.byShape.get(shape)
    if (item === undefined) {
      const names = Array.from(path.matchAll(/\{([^}]*)\}/g), ([, name = '']) => name)
      this.byShape.set(shape, (item = { names, operations: {} }))
      this.all[path] = item.operations
    }
    return item
  }
}
