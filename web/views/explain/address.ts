/**
 * What of a URL may stand in the page's address, which browsers keep: neither a name and password nor a query, of which
 * a part may be a secret.
 */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/^([a-z][a-z\d+.-]*:\/\/)?[^/]*@/i, '$1')
}
