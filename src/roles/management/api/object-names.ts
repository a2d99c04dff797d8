/** `petstore` is `default/petstore`. */
export function fullName(name: string): string {
  return name.includes('/') ? name : `default/${name}`
}

export function partsOf(name: string): { readonly namespace: string; readonly name: string } {
  const slash = name.indexOf('/')
  return { namespace: name.slice(0, slash), name: name.slice(slash + 1) }
}
