/** `1 match`, `2 matches`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : what.endsWith('ch') ? 'es' : 's'}`
}

export const pathsHelp =
  'PATH is a file or folder of resources as YAML or JSON, and there may be several; without one it is ./portcullis.'
