/** All of what streams, or what is here already. */
export async function gathered(
  content: string | Uint8Array | AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  if (typeof content === 'string') return Buffer.from(content)
  if (content instanceof Uint8Array) return content
  return Buffer.concat(await Array.fromAsync(content))
}
